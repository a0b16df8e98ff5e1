#include "cmd/ikada/build_context.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/build/local_archive.h"
#include "image/build/remote_file.h"
#include "image/store_garbage.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxDockerfileBytes = size_t{1} << 20;

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Where archives are unpacked and what comes on stdin is kept.
Result<std::string> make_scratch(BuildContext& context, const std::string& root) {
  const std::string path = root + "/layers/staging/context-" + random_hex(8);
  IK_LET(lock, lock_directory(path, true));
  context.unpacked = path;
  context.lock = std::move(lock);
  return path;
}

Result<UniqueFd> save_stdin(const std::string& directory) {
  IK_LET(fd, open_file(directory + "/stdin", O_RDWR | O_CREAT | O_EXCL, 0600));
  std::string buffer(size_t{256} << 10, '\0');
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read stdin");
    if (got == 0) return fd;
    IK_TRY(write_all(fd.get(), {buffer.data(), static_cast<size_t>(got)}));
  }
}

// What docker takes for a git repository.
bool names_repository(const std::string& where) {
  if (where.starts_with("git@") || where.starts_with("github.com/")) return true;
  return where.find("://") != std::string::npos;
}

// A file that a web server has: an archive, or a Dockerfile alone.
bool is_archive_url(const std::string& where) {
  const bool is_web = where.starts_with("http://") || where.starts_with("https://");
  const std::string path = where.substr(0, where.find_first_of("?#"));
  return is_web && !path.ends_with(".git");
}

Result<UniqueFd> open_archive(const std::string& where, const std::string& scratch) {
  if (where == "-") return save_stdin(scratch);
  if (!is_archive_url(where)) return open_file(where, O_RDONLY);
  IK_LET(file, download_file(where, scratch + "/remote"));
  return open_file(file.path, O_RDONLY);
}

Result<std::string> read_from_start(int fd) {
  if (::lseek(fd, 0, SEEK_SET) != 0) return errno_error("seek");
  return read_fd(fd, kMaxDockerfileBytes);
}

Result<void> unpack_context(BuildContext& context, int archive, const std::string& scratch) {
  context.directory = scratch + "/tree";
  if (::mkdir(context.directory.c_str(), 0755) != 0) return errno_error("mkdir");
  return unpack_archive(archive, context.directory);
}

// A file of an unpacked archive is looked up inside it, one of a directory as the person named it.
Result<std::string> read_context_file(const BuildContext& context, const std::string& path) {
  if (context.unpacked.empty()) return read_file(path, kMaxDockerfileBytes);
  IK_LET(root, open_file(context.directory, O_PATH | O_DIRECTORY));
  IK_LET(fd, open_in_root(root.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  return read_fd(fd.get(), kMaxDockerfileBytes);
}

struct FoundFile {
  std::string path;
  std::string text;
};

Result<FoundFile> read_dockerfile(const BuildContext& context, const std::string& named) {
  if (named == "-") {
    IK_LET(text, read_fd(STDIN_FILENO, kMaxDockerfileBytes).context("stdin"));
    return FoundFile{.path = "-", .text = std::move(text)};
  }
  if (!named.empty()) {
    IK_LET(text, read_context_file(context, named));
    return FoundFile{.path = named, .text = std::move(text)};
  }
  const std::string directory = context.unpacked.empty() ? context.directory + "/" : "";
  for (const char* name : {"Dockerfile", "Containerfile"}) {
    Result<std::string> text = read_context_file(context, directory + name);
    if (text.has_value()) return FoundFile{.path = directory + name, .text = std::move(*text)};
    if (text.error().errno_value != ENOENT) return std::move(text.error());
  }
  return make_error(ErrorKind::kNotFound,
                    "failed to read dockerfile: open Dockerfile: no such file or directory");
}

Result<void> read_ignore(BuildContext& context, const std::string& dockerfile) {
  if (context.directory.empty()) return {};
  const std::string directory = context.unpacked.empty() ? context.directory + "/" : "";
  for (const std::string& path : {dockerfile + ".dockerignore",
                                  directory + ".dockerignore",
                                  directory + ".containerignore"}) {
    const Result<std::string> text = read_context_file(context, path);
    if (!text.has_value()) continue;
    IK_LET(patterns, IgnorePatterns::parse(*text).context("{}", path.substr(path.rfind('/') + 1)));
    context.ignore = std::move(patterns);
    return {};
  }
  return {};
}

}  // namespace

BuildContext::~BuildContext() {
  if (!unpacked.empty()) static_cast<void>(remove_tree(unpacked).has_value());
}

Result<BuildContext> open_build_context(const std::string& where,
                                        const std::string& dockerfile,
                                        const std::string& root) {
  BuildContext context;
  std::string text;
  std::string path = "Dockerfile";
  if (where == "-" && dockerfile == "-") {
    return make_error(ErrorKind::kInvalid, "stdin can be the context or the Dockerfile, not both");
  }
  const bool is_remote = is_archive_url(where);
  if (!is_remote && names_repository(where)) {
    return make_error(ErrorKind::kInvalid,
                      "{}: git repositories are not fetched: clone it and give the directory, or "
                      "give the URL of a tar archive",
                      where);
  }
  if (is_directory(where)) {
    context.directory = where;
  } else {
    IK_LET(scratch, make_scratch(context, root));
    IK_LET(archive, open_archive(where, scratch));
    IK_LET(is_tar, is_archive(archive.get(), scratch).context("{}", where));
    if (is_tar) {
      IK_TRY(unpack_context(context, archive.get(), scratch).context("{}", where));
    } else if ((where == "-" || is_remote) && dockerfile.empty()) {
      IK_LET(read, read_from_start(archive.get()));
      text = std::move(read);
    } else {
      return make_error(ErrorKind::kInvalid, "{}: neither a directory nor a tar archive", where);
    }
  }
  if (text.empty()) {
    IK_LET(found, read_dockerfile(context, dockerfile));
    text = std::move(found.text);
    path = std::move(found.path);
  }
  const std::string name = path == "-" ? "Dockerfile" : path.substr(path.rfind('/') + 1);
  IK_LET(file, parse_dockerfile(text, name));
  context.file = std::move(file);
  IK_TRY(read_ignore(context, path));
  return context;
}

}  // namespace ikada
