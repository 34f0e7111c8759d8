// A File of the operating system.
#pragma once

#include <memory>
#include <string>

#include "env/env.h"

namespace mote {

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, OpenOptions options);

// The error of the last system call, with the path and what was tried. ENOSPC, EDQUOT and EFBIG are
// kDiskFull, ENOENT is kNotFound, EROFS and EACCES are kReadOnly, everything else is kIoError.
Status posix_error(const std::string& path, const char* what, int error);

}  // namespace mote
