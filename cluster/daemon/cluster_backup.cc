#include "cluster/daemon/cluster_backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "cluster/auth/digest.h"
#include "cluster/daemon/leftovers.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kWord = "ikada-cluster-backup";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr size_t kMaxHeadLine = 128;
constexpr size_t kMaxFilesBytes = size_t{1} << 20;
constexpr std::array<const char*, 2> kFiles = {"authority.json", "access_key.json"};

Error corrupt(const std::string& path, std::string_view why) {
  Error error = make_error(ErrorKind::kInvalid, "{}: {}", path, why);
  error.code = "STORE_CORRUPT";
  return error;
}

Result<void> unlink_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return errno_error("remove {}", path);
  return {};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

struct Head {
  Json files;
  std::uint64_t store_offset = 0;
};

Result<Head> read_head(int fd, const std::string& path) {
  constexpr size_t kWords = 4;
  std::string text(kMaxHeadLine + kMaxFilesBytes, '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  if (got < 0) return errno_error("read {}", path);
  text.resize(static_cast<size_t>(got));
  const Cut line = cut(text, '\n');
  const std::vector<std::string_view> words = split(line.before, ' ');
  if (!line.found || words.size() != kWords || words[0] != kWord) {
    return corrupt(path, "not a backup of a cluster");
  }
  if (words[1] != kVersion) return corrupt(path, "a backup of a newer ikada");
  const Result<std::uint64_t> size = parse_unsigned(words[2], kMaxFilesBytes);
  if (!size.has_value() || line.after.size() < *size) return corrupt(path, "cut off");
  const std::string_view files = line.after.substr(0, *size);
  if (words[3] != std::string(kDigestPrefix) + auth::sha256_hex(files)) {
    return corrupt(path, "its beginning is damaged");
  }
  IK_LET(json, parse_json(files).context("{}", path));
  return Head{.files = std::move(json), .store_offset = line.before.size() + 1 + *size};
}

// The rest of the file into a new one.
Result<void> copy_rest(int fd, std::uint64_t offset, const std::string& to) {
  IK_LET(target, open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) return errno_error("seek");
  return copy_file_content(fd, target.get());
}

Result<void> write_backup(const std::string& files, const std::string& store, int to) {
  IK_TRY(write_all(to,
                   fmt::format("{} {} {} {}{}\n",
                               kWord,
                               kVersion,
                               files.size(),
                               kDigestPrefix,
                               auth::sha256_hex(files))));
  IK_TRY(write_all(to, files));
  IK_LET(from, open_file(store, O_RDONLY | O_CLOEXEC));
  IK_TRY(copy_file_content(from.get(), to));
  if (::fsync(to) != 0) return errno_error("fsync");
  return {};
}

}  // namespace

Result<std::uint64_t> back_up_cluster(const BackUpStore& back_up,
                                      const std::string& directory,
                                      const std::string& path) {
  Json files = Json::object();
  for (const char* name : kFiles) {
    IK_LET(text, read_file(directory + "/" + name, kMaxFilesBytes / 4));
    files[name] = std::move(text);
  }
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return make_error(ErrorKind::kInvalid, "{}: there is something that is no regular file", path);
  }
  const std::string folder = folder_of(path);
  if (::access(folder.c_str(), W_OK) != 0) return errno_error("{}", folder);
  const std::string half = path + "." + random_hex(6) + ".tmp";
  const std::string store_half = half + ".store";
  Rollback rollback;
  rollback.add([half] { return unlink_file(half); });
  rollback.add([store_half] { return unlink_file(store_half); });
  IK_LET(summary, back_up(store_half));
  static_cast<void>(summary);
  IK_LET(target, open_file(half, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  IK_TRY(write_backup(files.dump(), store_half, target.get()).context("write {}", path));
  struct stat status {};
  if (::fstat(target.get(), &status) != 0) return errno_error("stat {}", half);
  if (::rename(half.c_str(), path.c_str()) != 0) return errno_error("rename to {}", path);
  IK_TRY(sync_directory(folder_of(path)));
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> restore_cluster(const std::string& path, const std::string& directory) {
  // Of a pipe the daemon would wait for the other end.
  IK_LET(fd, open_file(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorKind::kInvalid, "{}: not a regular file", path);
  }
  IK_LET(head, read_head(fd.get(), path));
  IK_TRY(make_directories(directory, 0700));
  for (const char* name : kFiles) {
    const std::string file = directory + "/" + name;
    if (::access(file.c_str(), F_OK) == 0) {
      return make_error(ErrorKind::kConflict, "{} is there already", file);
    }
  }
  Rollback rollback;
  for (const ClusterNote& note :
       {ClusterNote::remove_all(directory), ClusterNote::forget_managers(directory)}) {
    rollback.add([note] {
      note.remove();
      return Result<void>();
    });
    note.write();
  }
  const std::string store_half = directory + "/restore.tmp";
  static_cast<void>(unlink_file(store_half));  // Of a restore that was killed.
  Rollback scratch;
  scratch.add([store_half] { return unlink_file(store_half); });
  IK_TRY(copy_rest(fd.get(), head.store_offset, store_half).context("{}", path));
  Result<BackupSummary> checked = check_backup(store_half);
  if (!checked.has_value()) return corrupt(path, "the store in it is damaged");
  JsonReader reader(head.files, path);
  for (const char* name : kFiles) {
    std::string text;
    reader.require(name, text);
    IK_TRY(reader.done());
    const std::string file = directory + "/" + name;
    rollback.add([file] { return unlink_file(file); });
    IK_TRY(write_file_atomically(file, text, 0600));
  }
  IK_TRY(restore_store(store_half, directory + "/store.db"));
  rollback.commit();
  return {};
}

}  // namespace ikada
