#include "cluster/store/sqlite_backup.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cluster/store/sqlite_schema.h"
#include "cluster/store/store_copy.h"
#include "image/digest.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr mode_t kBackupMode = 0600;
constexpr size_t kTrailerBytes = 128;
constexpr std::string_view kTrailerWord = "ikada-store-backup";
constexpr std::string_view kFormatVersion = "1";
constexpr size_t kReadBytes = size_t{256} << 10;

Error not_a_backup(std::string_view path, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .message = fmt::format("{}: {}", path, why),
               .code = "STORE_CORRUPT"};
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

Result<std::uint64_t> size_of(int fd, std::string_view path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat {}", path);
  if (!S_ISREG(status.st_mode)) return not_a_backup(path, "not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

// Gives the first `size` bytes of the file to `use` in pieces.
template <typename Use>
Result<void> read_first(int fd, std::uint64_t size, std::string_view path, Use use) {
  std::string buffer(kReadBytes, '\0');
  std::uint64_t offset = 0;
  while (offset < size) {
    const size_t wanted = static_cast<size_t>(std::min<std::uint64_t>(size - offset, kReadBytes));
    const ssize_t got = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(offset));
    if (got < 0) return errno_error("read {}", path);
    if (got == 0) return not_a_backup(path, "shrinks while it is read");
    IK_TRY(use(std::string_view(buffer.data(), static_cast<size_t>(got))));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<std::string> digest_first(int fd, std::uint64_t size, std::string_view path) {
  Sha256 hash;
  IK_TRY(read_first(fd, size, path, [&](std::string_view bytes) -> Result<void> {
    hash.update(bytes);
    return {};
  }));
  return hash.finish().text();
}

std::string make_trailer(std::uint64_t size, std::string_view digest) {
  std::string trailer = fmt::format("{} {} {} {}", kTrailerWord, kFormatVersion, size, digest);
  trailer.resize(kTrailerBytes - 1, ' ');
  return trailer + '\n';
}

Result<BackupSummary> check_open_backup(int fd, std::string_view path) {
  IK_LET(whole, size_of(fd, path));
  if (whole <= kTrailerBytes) return not_a_backup(path, "too short for a backup of a store");
  const std::uint64_t size = whole - kTrailerBytes;
  std::array<char, kTrailerBytes> trailer{};
  if (::pread(fd, trailer.data(), trailer.size(), static_cast<off_t>(size)) !=
      static_cast<ssize_t>(trailer.size())) {
    return errno_error("read {}", path);
  }
  const std::string_view line(trailer.data(), trailer.size());
  if (!line.starts_with(kTrailerWord)) {
    return not_a_backup(path, "no backup of a store, or its end is missing");
  }
  IK_LET(digest, digest_first(fd, size, path));
  // Also the padding is compared: no bit of the file may differ.
  if (line != make_trailer(size, digest)) {
    return not_a_backup(path, "the backup is damaged: its digest does not agree");
  }
  return BackupSummary{.size_bytes = whole, .digest = std::move(digest)};
}

// A new, empty file beside `path`.
Result<std::string> make_file_beside(const std::string& path) {
  const std::string name = path + "." + random_hex(8);
  IK_LET(file, open_file(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, kBackupMode));
  return name;
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("unlink {}", path);
  return {};
}

Result<void> sync_file(int fd, std::string_view path) {
  if (::fsync(fd) != 0) return errno_error("fsync {}", path);
  return {};
}

Result<void> set_revision(SqliteConnection& connection, Revision revision) {
  IK_TRY(connection.execute(
      fmt::format("UPDATE state SET value = {} WHERE name = 'compacted'", revision)));
  return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

// A revision behind all that anybody can have seen.
Result<void> raise_revision(const std::string& path) {
  IK_LET(connection, open_store_file(path));
  IK_TRY(check_store_pages(connection));
  IK_LET(state, read_stored_state(connection));
  return set_revision(connection, state.revision + kRestoreStep);
}

Result<void> fill_copy(Store& store, const std::string& path) {
  {
    IK_LET(copy, SqliteStore::open(path));
    IK_LET(keys, copy_store(store, *copy));
    static_cast<void>(keys);
  }
  IK_LET(status, store.status());
  IK_LET(connection, open_store_file(path));
  IK_LET(state, read_stored_state(connection));
  return set_revision(connection, std::max(status.revision, state.revision + 1));
}

Result<void> copy_database(int from, std::uint64_t size, const std::string& path) {
  IK_LET(file, open_file(path, O_WRONLY | O_NOFOLLOW));
  IK_TRY(read_first(
      from, size, path, [&](std::string_view bytes) { return write_all(file.get(), bytes); }));
  return sync_file(file.get(), path);
}

}  // namespace

Result<BackupSummary> back_up_store(SqliteStore& store, const std::string& path) {
  IK_LET(name, make_file_beside(path).context("backup"));
  Rollback undo;
  undo.add([&] { return remove_file(name); });
  IK_TRY(store.copy_to(name).context("backup"));
  IK_LET(file, open_file(name, O_RDWR | O_NOFOLLOW));
  IK_LET(size, size_of(file.get(), name));
  IK_LET(digest, digest_first(file.get(), size, name));
  if (::lseek(file.get(), 0, SEEK_END) < 0) return errno_error("seek {}", name);
  IK_TRY(write_all(file.get(), make_trailer(size, digest)));
  IK_TRY(sync_file(file.get(), name));
  if (::rename(name.c_str(), path.c_str()) != 0) return errno_error("rename {}", path);
  undo.commit();
  IK_TRY(sync_directory(directory_of(path)));
  return BackupSummary{.size_bytes = size + kTrailerBytes, .digest = std::move(digest)};
}

Result<BackupSummary> back_up_copy(Store& store, const std::string& path) {
  const std::string scratch = path + "." + random_hex(8);
  Rollback clean;
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    clean.add([file = scratch + suffix] { return remove_file(file); });
  }
  IK_TRY(fill_copy(store, scratch).context("backup"));
  IK_LET(copy, SqliteStore::open(scratch));
  return back_up_store(*copy, path);
}

Result<BackupSummary> check_backup(const std::string& path) {
  IK_LET(file, open_file(path, O_RDONLY));
  return check_open_backup(file.get(), path);
}

Result<void> restore_store(const std::string& backup, const std::string& path) {
  IK_LET(from, open_file(backup, O_RDONLY));
  IK_LET(summary, check_open_backup(from.get(), backup));
  if (::access(path.c_str(), F_OK) == 0) {
    return make_error(ErrorKind::kConflict, "restore: {} exists", path);
  }
  IK_LET(name, make_file_beside(path).context("restore"));
  Rollback undo;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    undo.add([file = name + suffix] { return remove_file(file); });
  }
  IK_TRY(copy_database(from.get(), summary.size_bytes - kTrailerBytes, name));
  IK_TRY(raise_revision(name).context("restore"));
  if (::renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    return errno_error("restore: rename {}", path);
  }
  undo.commit();
  return sync_directory(directory_of(path));
}

}  // namespace ikada
