#include "reader/row_source.h"

namespace mote {

namespace {

bool inside(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.size() > directory.size() && path.substr(0, directory.size()) == directory &&
         path[directory.size()] == '/';
}

Status outside(const std::string& name, const std::string& directory) {
  return invalid_argument("file '%s' lies outside the allowed directory '%s'", name.c_str(),
                          directory.c_str());
}

Status nothing_allowed(const std::string& name) {
  return invalid_argument("file '%s' can not be reached: no directory is allowed to statements",
                          name.c_str());
}

}  // namespace

Result<FileAccess> FileAccess::create(Env& env, const std::string& directory) {
  if (directory.empty()) return FileAccess(env, "");
  MOTE_ASSIGN(std::string real, env.real_path(directory));
  MOTE_ASSIGN(const FileStat stat, env.stat(real));
  if (!stat.is_directory) {
    return invalid_argument("'%s' is not a directory", directory.c_str());
  }
  return FileAccess(env, std::move(real));
}

Result<std::string> FileAccess::resolve(const std::string& name) const {
  if (directory_.empty()) return nothing_allowed(name);
  const std::string path = name.starts_with('/') ? name : directory_ + "/" + name;
  MOTE_ASSIGN(std::string real, env_->real_path(path));
  if (real != directory_ && !inside(real, directory_)) return outside(name, directory_);
  return real;
}

Result<std::string> FileAccess::resolve_new(const std::string& name) const {
  if (directory_.empty()) return nothing_allowed(name);
  const std::string path = name.starts_with('/') ? name : directory_ + "/" + name;
  const size_t slash = path.rfind('/');
  const std::string last = path.substr(slash + 1);
  if (last.empty() || last == "." || last == "..") {
    return invalid_argument("'%s' does not name a file", name.c_str());
  }
  // An existing name may be a link that leads out, so it is judged by its target.
  if (Result<std::string> existing = env_->real_path(path); existing.ok()) {
    if (!inside(*existing, directory_)) return outside(name, directory_);
    return existing;
  }
  MOTE_ASSIGN(const std::string parent, env_->real_path(slash == 0 ? "/" : path.substr(0, slash)));
  if (parent != directory_ && !inside(parent, directory_)) return outside(name, directory_);
  return parent + "/" + last;
}

}  // namespace mote
