#include "reader/byte_stream.h"

#if MOTE_WITH_ZLIB
#include <zlib.h>
#endif
#if MOTE_WITH_ZSTD
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#endif

#include <string_view>
#include <utility>

#include "base/coding.h"

namespace mote {

namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

// The file as it lies there.
class PlainStream : public ByteStream {
 public:
  PlainStream(std::unique_ptr<File> file, std::string shown_name)
      : file_(std::move(file)), shown_name_(std::move(shown_name)) {}

  Result<size_t> read(std::span<char> out) override {
    MOTE_ASSIGN(const size_t size, file_->read_some(offset_, std::as_writable_bytes(out)));
    offset_ += size;
    return size;
  }
  bool is_compressed() const override { return false; }
  void rewind() { offset_ = 0; }
  const std::string& shown_name() const { return shown_name_; }

 private:
  std::unique_ptr<File> file_;
  const std::string shown_name_;
  uint64_t offset_ = 0;
};

#if MOTE_WITH_ZLIB || MOTE_WITH_ZSTD
// Input in pieces for a decoder; the part that is common to both.
class CompressedInput {
 public:
  explicit CompressedInput(std::unique_ptr<PlainStream> file) : file_(std::move(file)) {}

  Status allocate(MemoryBudget& budget, size_t decoder_bytes) {
    MOTE_TRY(charge_.grow(budget, kReadBytes + decoder_bytes, "decompression of a file"));
    piece_.resize(kReadBytes);
    return {};
  }
  // Reads on when everything given has been used. False at the end of the file.
  Result<bool> refill() {
    if (at_ < size_) return true;
    MOTE_ASSIGN(size_, file_->read(piece_));
    at_ = 0;
    return size_ > 0;
  }
  const char* bytes() const { return piece_.data() + at_; }
  size_t left() const { return size_ - at_; }
  void use(size_t count) { at_ += count; }
  Status damaged(const char* what) const {
    return corruption("file '%s': %s", file_->shown_name().c_str(), what);
  }

 private:
  std::unique_ptr<PlainStream> file_;
  MemoryCharge charge_;
  std::string piece_;
  size_t at_ = 0;
  size_t size_ = 0;
};
#endif

#if MOTE_WITH_ZLIB
class GzipStream : public ByteStream {
 public:
  explicit GzipStream(std::unique_ptr<PlainStream> file) : input_(std::move(file)) {}
  ~GzipStream() override {
    if (begun_) inflateEnd(&decoder_);
  }

  Status begin(MemoryBudget& budget) {
    MOTE_TRY(input_.allocate(budget, 64 * 1024));
    // 15 + 16: the largest window, and only the gzip format.
    if (inflateInit2(&decoder_, 15 + 16) != Z_OK) return out_of_memory("no memory for inflate");
    begun_ = true;
    return {};
  }

  Result<size_t> read(std::span<char> out) override {
    decoder_.next_out = reinterpret_cast<Bytef*>(out.data());
    decoder_.avail_out = static_cast<uInt>(std::min(out.size(), size_t{1} << 30));
    const size_t wanted = decoder_.avail_out;
    while (decoder_.avail_out > 0) {
      MOTE_ASSIGN(const bool has_input, input_.refill());
      if (!has_input) {
        if (!between_members_) return input_.damaged("the gzip data is cut short");
        break;
      }
      if (between_members_ && inflateReset(&decoder_) != Z_OK) {
        return input_.damaged("inflate can not begin a member");
      }
      between_members_ = false;
      decoder_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.bytes()));
      decoder_.avail_in = static_cast<uInt>(input_.left());
      const int code = inflate(&decoder_, Z_NO_FLUSH);
      input_.use(input_.left() - decoder_.avail_in);
      if (code == Z_STREAM_END) {
        between_members_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return input_.damaged(decoder_.msg != nullptr ? decoder_.msg : "the gzip data is damaged");
      }
    }
    return wanted - decoder_.avail_out;
  }
  bool is_compressed() const override { return true; }

 private:
  CompressedInput input_;
  z_stream decoder_{};
  bool begun_ = false;
  bool between_members_ = false;
};
#endif

#if MOTE_WITH_ZSTD
class ZstdStream : public ByteStream {
 public:
  explicit ZstdStream(std::unique_ptr<PlainStream> file) : input_(std::move(file)) {}
  ~ZstdStream() override { ZSTD_freeDStream(decoder_); }

  Status begin(MemoryBudget& budget, std::string_view first_bytes) {
    // The window that the frame asks for; what the header does not say is taken as 8 MiB.
    size_t size = ZSTD_estimateDStreamSize_fromFrame(first_bytes.data(), first_bytes.size());
    if (ZSTD_isError(size)) size = 8u << 20;
    MOTE_TRY(input_.allocate(budget, size));
    decoder_ = ZSTD_createDStream();
    if (decoder_ == nullptr) return out_of_memory("no memory for zstd");
    return {};
  }

  Result<size_t> read(std::span<char> out) override {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos < output.size) {
      MOTE_ASSIGN(const bool has_input, input_.refill());
      if (!has_input && between_frames_) break;
      ZSTD_inBuffer input{input_.bytes(), input_.left(), 0};
      const size_t before = output.pos;
      const size_t left = ZSTD_decompressStream(decoder_, &output, &input);
      if (ZSTD_isError(left)) return input_.damaged(ZSTD_getErrorName(left));
      input_.use(input.pos);
      between_frames_ = left == 0;
      if (!has_input && output.pos == before && !between_frames_) {
        return input_.damaged("the zstd data is cut short");
      }
    }
    return output.pos;
  }
  bool is_compressed() const override { return true; }

 private:
  CompressedInput input_;
  ZSTD_DStream* decoder_ = nullptr;
  bool between_frames_ = false;
};
#endif

Result<std::unique_ptr<ByteStream>> open_gzip([[maybe_unused]] std::unique_ptr<PlainStream> plain,
                                              [[maybe_unused]] const std::string& shown_name,
                                              [[maybe_unused]] MemoryBudget& budget) {
#if MOTE_WITH_ZLIB
  auto stream = std::make_unique<GzipStream>(std::move(plain));
  MOTE_TRY(stream->begin(budget));
  return std::unique_ptr<ByteStream>(std::move(stream));
#else
  return invalid_argument("file '%s' is gzip data; this build is without zlib", shown_name.c_str());
#endif
}

Result<std::unique_ptr<ByteStream>> open_zstd([[maybe_unused]] std::unique_ptr<PlainStream> plain,
                                              [[maybe_unused]] const std::string& shown_name,
                                              [[maybe_unused]] std::string_view first_bytes,
                                              [[maybe_unused]] MemoryBudget& budget) {
#if MOTE_WITH_ZSTD
  auto stream = std::make_unique<ZstdStream>(std::move(plain));
  MOTE_TRY(stream->begin(budget, first_bytes));
  return std::unique_ptr<ByteStream>(std::move(stream));
#else
  return invalid_argument("file '%s' is zstd data; this build is without zstd", shown_name.c_str());
#endif
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_byte_stream(Env& env, const std::string& path,
                                                     [[maybe_unused]] const std::string& shown_name,
                                                     MemoryBudget& budget) {
  MOTE_ASSIGN(const FileStat stat, env.stat(path));
  if (stat.is_directory) return invalid_argument("'%s' is a directory", shown_name.c_str());
  MOTE_ASSIGN(auto file, env.open(path, {}));
  auto plain = std::make_unique<PlainStream>(std::move(file), shown_name);
  char first[32];
  MOTE_ASSIGN(const size_t size, plain->read(first));
  plain->rewind();
  const std::string_view bytes(first, size);
  if (bytes.starts_with(kGzipMagic)) return open_gzip(std::move(plain), shown_name, budget);
  if (bytes.starts_with(kZstdMagic)) return open_zstd(std::move(plain), shown_name, bytes, budget);
  if (path.ends_with(".gz") || path.ends_with(".zst")) {
    return corruption("file '%s' is named as compressed, but its bytes are not",
                      shown_name.c_str());
  }
  return std::unique_ptr<ByteStream>(std::move(plain));
}

}  // namespace mote
