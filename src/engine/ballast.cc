// A file of zeros that is given up when the disk is full, so that what frees space (deletes, the
// manifest, merging away dead rows) finds some to work with.
#include <algorithm>

#include "engine/maintenance.h"

namespace mote {

namespace {

constexpr char kBallastFileName[] = "BALLAST";
// It is set aside again when so many times its size are free.
constexpr uint64_t kFreeTimes = 4;

std::string path_of(const Core& core) { return core.directory + "/" + kBallastFileName; }

Status write_ballast(Core& core) {
  MOTE_ASSIGN(auto file, core.env.open(path_of(core), {OpenMode::kCreateOrOpen, false}));
  constexpr size_t kPieceBytes = 64 * 1024;
  const std::vector<std::byte> zeros(kPieceBytes);
  for (uint64_t at = 0; at < core.options.ballast_bytes; at += kPieceBytes) {
    const size_t size = std::min<uint64_t>(kPieceBytes, core.options.ballast_bytes - at);
    MOTE_TRY(file->write(at, std::span(zeros).first(size)));
  }
  return file->sync();
}

}  // namespace

void set_ballast(Core& core) {
  if (core.options.ballast_bytes == 0 || core.has_ballast) return;
  const Result<FileStat> found = core.env.stat(path_of(core));
  if (found.ok() && found->size_bytes >= core.options.ballast_bytes) {
    core.has_ballast = true;
    return;
  }
  const Result<uint64_t> free = core.env.free_bytes(core.directory);
  if (!free.ok() || *free / kFreeTimes < core.options.ballast_bytes) return;
  core.has_ballast = write_ballast(core).ok();
  // Half a ballast is none; its room is better left to others.
  if (!core.has_ballast) static_cast<void>(core.env.remove(path_of(core)).ok());
}

bool drop_ballast(Core& core) {
  if (core.options.ballast_bytes == 0) return false;
  core.has_ballast = false;
  return core.env.remove(path_of(core)).ok();
}

}  // namespace mote
