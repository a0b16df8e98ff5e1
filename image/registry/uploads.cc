#include "image/registry/uploads.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "image/registry/blob_check.h"
#include "image/registry/blob_store.h"
#include "image/registry/failure.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kMaxUploads = 10'000;
constexpr size_t kMaxSessions = 256;
constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

Error unknown_upload() { return api_error(kBlobUploadUnknown, "no such upload"); }

Result<void> write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write upload");
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

std::string data_of(const Layout& layout, std::string_view id) {
  return layout.upload(id) + "/data";
}

// The repository an upload belongs to. kNotFound.
Result<std::string> read_repository(const Layout& layout, std::string_view id) {
  IK_LET(text, read_file(layout.upload(id) + "/upload.json"));
  IK_LET(json, parse_json(text));
  JsonReader reader(json, "upload.json");
  std::string repository;
  reader.require("repository", repository);
  IK_TRY(reader.done());
  return repository;
}

}  // namespace

struct Uploads::Session {
  std::string id;
  std::string repository;
  UniqueFd data;
  std::atomic<std::uint64_t> size_bytes = 0;
  std::uint64_t written_back_bytes = 0;
  std::optional<ContentHash> hash;  // SHA-256 of all that came; none if it has to be computed.
  bool is_leased = false;           // Guarded by the owner's mutex.
  bool is_gone = false;
  std::uint64_t last_turn = 0;
};

Uploads::Lease::~Lease() {
  if (session_ != nullptr) owner_->give_back(session_);
}

const std::string& Uploads::Lease::id() const { return session_->id; }

std::uint64_t Uploads::Lease::size_bytes() const { return session_->size_bytes; }

Result<void> Uploads::Lease::append(std::string_view bytes) {
  Session& session = *session_;
  if (!session.hash.has_value()) {
    IK_LET(hash, hash_file(session.data.get(), DigestAlgorithm::kSha256));
    session.hash = std::move(hash);
  }
  const std::uint64_t offset = session.size_bytes;
  Result<void> written = write_at(session.data.get(), bytes, offset);
  if (!written.has_value()) {
    if (::ftruncate(session.data.get(), static_cast<off_t>(offset)) != 0) session.is_gone = true;
    return written;
  }
  session.hash->update(bytes);
  session.size_bytes = offset + bytes.size();
  // Begins to write to the disk now, so that fsync has little left to do.
  const std::uint64_t waiting = session.size_bytes - session.written_back_bytes;
  if (waiting >= kWritebackBytes) {
    ::sync_file_range(session.data.get(),
                      static_cast<off_t>(session.written_back_bytes),
                      static_cast<off_t>(waiting),
                      SYNC_FILE_RANGE_WRITE);
    session.written_back_bytes = session.size_bytes;
  }
  return {};
}

Result<Uploads::Lease> Uploads::start(const std::string& repository) {
  IK_LET(present, list_directory(layout_.uploads()));
  if (present.size() >= kMaxUploads) {
    return api_error(kTooManyRequests, "too many uploads have been begun");
  }
  auto session = std::make_shared<Session>();
  session->id = random_hex(kIdBytes);
  session->repository = repository;
  session->is_leased = true;
  session->hash.emplace(DigestAlgorithm::kSha256);
  const std::string directory = layout_.upload(session->id);
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0) return errno_error("mkdir {}", directory);
  const Json json = {{"repository", repository}};
  Result<void> written = write_file_atomically(
      directory + "/upload.json", json.dump() + "\n", kFileMode, Durability::kVolatile);
  Result<UniqueFd> data =
      open_file(data_of(layout_, session->id), O_RDWR | O_CREAT | O_EXCL, kFileMode);
  if (written.has_value() && !data.has_value()) written = data.error();
  if (!written.has_value()) {
    static_cast<void>(remove_tree(directory).has_value());
    return written.error();
  }
  session->data = std::move(*data);
  const std::lock_guard lock(mutex_);
  forget_idle_ones();
  sessions_[session->id] = session;
  return Lease(this, std::move(session));
}

Result<std::shared_ptr<Uploads::Session>> Uploads::find(const std::string& repository,
                                                        const std::string& id) {
  if (const auto found = sessions_.find(id); found != sessions_.end()) {
    if (found->second->repository != repository) return unknown_upload();
    return found->second;
  }
  const Result<std::string> owner = read_repository(layout_, id);
  if (!owner.has_value() || *owner != repository) return unknown_upload();
  auto session = std::make_shared<Session>();
  session->id = id;
  session->repository = repository;
  Result<UniqueFd> data = open_file(data_of(layout_, id), O_RDWR);
  if (!data.has_value()) return unknown_upload();
  session->data = std::move(*data);
  struct stat status {};
  if (::fstat(session->data.get(), &status) != 0) return errno_error("stat upload");
  session->size_bytes = static_cast<std::uint64_t>(status.st_size);
  forget_idle_ones();
  sessions_[id] = session;
  return session;
}

Result<Uploads::Lease> Uploads::take(const std::string& repository, const std::string& id) {
  const std::lock_guard lock(mutex_);
  IK_LET(session, find(repository, id));
  if (session->is_leased) {
    return api_error(kUploadBusy, "another request is adding to this upload");
  }
  // Garbage collection, perhaps another process, has expired it.
  if (::access(data_of(layout_, id).c_str(), F_OK) != 0) {
    sessions_.erase(id);
    return unknown_upload();
  }
  session->is_leased = true;
  return Lease(this, std::move(session));
}

Result<std::uint64_t> Uploads::size_of(const std::string& repository, const std::string& id) {
  const std::lock_guard lock(mutex_);
  IK_LET(session, find(repository, id));
  return session->size_bytes.load();
}

void Uploads::give_back(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  static std::uint64_t turn = 0;
  session->is_leased = false;
  session->last_turn = ++turn;
  if (session->is_gone) sessions_.erase(session->id);
}

// Their files stay and can be taken again.
void Uploads::forget_idle_ones() {
  while (sessions_.size() >= kMaxSessions) {
    auto oldest = sessions_.end();
    for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
      if (each->second->is_leased) continue;
      const bool older =
          oldest == sessions_.end() || each->second->last_turn < oldest->second->last_turn;
      if (older) oldest = each;
    }
    if (oldest == sessions_.end()) return;
    sessions_.erase(oldest);
  }
}

Result<void> Uploads::verify(Lease& lease, const ContentDigest& digest) {
  Session& session = *lease.session_;
  ContentDigest actual;
  if (digest.algorithm() == DigestAlgorithm::kSha256 && session.hash.has_value()) {
    actual = session.hash->finish();
    session.hash.reset();
  } else {
    IK_LET(hash, hash_file(session.data.get(), digest.algorithm()));
    actual = hash.finish();
  }
  if (actual != digest) {
    return api_error(
        kDigestInvalid, "the content has digest {}, not {}", actual.text(), digest.text());
  }
  if (::fsync(session.data.get()) != 0) return errno_error("fsync upload");
  return {};
}

Result<bool> Uploads::commit(Lease& lease, const ContentDigest& digest) {
  const Session& session = *lease.session_;
  Result<bool> is_new =
      adopt_blob(layout_, data_of(layout_, session.id), session.repository, digest);
  if (!is_new.has_value()) {
    return is_new.error().errno_value == ENOENT ? unknown_upload() : is_new.error();
  }
  discard(lease);
  return is_new;
}

void Uploads::discard(Lease& lease) {
  lease.session_->is_gone = true;
  static_cast<void>(remove_tree(layout_.upload(lease.session_->id)).has_value());
}

Result<std::uint64_t> expire_uploads(const Layout& layout, std::int64_t before_s) {
  std::uint64_t count = 0;
  IK_LET(ids, list_directory(layout.uploads()));
  for (const std::string& id : ids) {
    struct stat status {};
    const bool has_data = ::stat(data_of(layout, id).c_str(), &status) == 0;
    // One that is just being made has no data yet, or was being made when its process was killed.
    if (!has_data && ::stat(layout.upload(id).c_str(), &status) != 0) continue;
    if (status.st_mtim.tv_sec >= before_s) continue;
    IK_TRY(remove_tree(layout.upload(id)));
    ++count;
  }
  return count;
}

}  // namespace ikada::registry
