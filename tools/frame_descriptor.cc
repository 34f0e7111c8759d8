// Computes, for each JPEG file named, a descriptor of 384 numbers, and writes a CSV line with the
// file's name and the descriptor as a vector literal.
//
// The descriptor is the mean luminance of each cell of a grid of 24 rows and 16 columns, row by
// row, less the mean of them all, divided by their Euclidean norm. Luminance is the Y plane as
// libjpeg decodes it. An image without contrast has a descriptor of zeros.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// libjpeg's header needs FILE and size_t before it.
#include <jpeglib.h>

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr uint32_t kRows = 24;
constexpr uint32_t kColumns = 16;
constexpr uint32_t kMaxImagePixels = 1u << 26;

struct Failure {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

struct Luminance {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<unsigned char> pixels;  // row by row
};

// Returns an error text, empty when `out` holds the image.
std::string decode(FILE* file, Luminance* out) {
  jpeg_decompress_struct decoder;
  Failure failure;
  decoder.err = jpeg_std_error(&failure.base);
  failure.base.error_exit = [](auto* failed) {
    auto* place = reinterpret_cast<Failure*>(failed->err);
    failed->err->format_message(failed, place->message);
    std::longjmp(place->back, 1);
  };
  jpeg_create_decompress(&decoder);
  if (setjmp(failure.back) != 0) {
    jpeg_destroy_decompress(&decoder);
    return failure.message;
  }
  jpeg_stdio_src(&decoder, file);
  jpeg_read_header(&decoder, TRUE);
  if (uint64_t{decoder.image_width} * decoder.image_height > kMaxImagePixels) {
    jpeg_destroy_decompress(&decoder);
    return "has more than 67108864 pixels";
  }
  decoder.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&decoder);
  out->width = decoder.output_width;
  out->height = decoder.output_height;
  out->pixels.resize(size_t{out->width} * out->height);
  while (decoder.output_scanline < decoder.output_height) {
    JSAMPROW row = out->pixels.data() + size_t{decoder.output_scanline} * out->width;
    jpeg_read_scanlines(&decoder, &row, 1);
  }
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  return {};
}

std::array<float, kRows * kColumns> describe(const Luminance& image) {
  std::array<double, kRows * kColumns> cells{};
  double mean = 0;
  for (uint32_t r = 0; r < kRows; ++r) {
    for (uint32_t c = 0; c < kColumns; ++c) {
      const uint32_t top = r * image.height / kRows, bottom = (r + 1) * image.height / kRows;
      const uint32_t left = c * image.width / kColumns, right = (c + 1) * image.width / kColumns;
      uint64_t sum = 0;
      for (uint32_t y = top; y < bottom; ++y) {
        for (uint32_t x = left; x < right; ++x) sum += image.pixels[size_t{y} * image.width + x];
      }
      const double cell = static_cast<double>(sum) / ((bottom - top) * (right - left));
      cells[r * kColumns + c] = cell;
      mean += cell / cells.size();
    }
  }
  double norm = 0;
  for (double& cell : cells) {
    cell -= mean;
    norm += cell * cell;
  }
  norm = std::sqrt(norm);
  std::array<float, kRows * kColumns> descriptor{};
  for (size_t i = 0; i < cells.size() && norm > 0; ++i) {
    descriptor[i] = static_cast<float>(cells[i] / norm);
  }
  return descriptor;
}

std::string base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

bool describe_file(const char* path) {
  FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "frame_descriptor: %s: can not be opened\n", path);
    return false;
  }
  Luminance image;
  std::string error = decode(file, &image);
  std::fclose(file);
  if (error.empty() && (image.width < kColumns || image.height < kRows)) {
    error = "is smaller than 16 x 24 pixels";
  }
  if (!error.empty()) {
    std::fprintf(stderr, "frame_descriptor: %s: %s\n", path, error.c_str());
    return false;
  }
  std::printf("%s,\"[", base_name(path).c_str());
  const char* comma = "";
  for (const float element : describe(image)) {
    std::printf("%s%.9g", comma, static_cast<double>(element));
    comma = ",";
  }
  std::printf("]\"\n");
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: frame_descriptor IMAGE.jpg.. > descriptors.csv\n");
    return 2;
  }
  std::printf("image,descriptor\n");
  for (int i = 1; i < argument_count; ++i) {
    if (!describe_file(arguments[i])) return 1;
  }
  if (std::fflush(stdout) != 0) return 1;
  return 0;
}
