// Blobs that are on their way: begun, appended to, finished or given up.
//
// An upload is a file and can be gone on with after a restart of the registry. While it is in
// memory its hash grows with it; otherwise the file is hashed again when it is next needed. One
// caller at a time holds an upload's lease. Functions here wait for the disk; thread-safe.
//
// Source: OCI distribution-spec 1.1, "Pushing blobs".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "image/registry/content_digest.h"
#include "image/registry/layout.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

class Uploads {
  struct Session;

 public:
  // The right to change an upload; given back when it dies.
  class Lease {
   public:
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    const std::string& id() const;
    std::uint64_t size_bytes() const;

    // At the end of what has come. After an error the upload is as it was before.
    Result<void> append(std::string_view bytes);

   private:
    friend class Uploads;
    Lease(Uploads* owner, std::shared_ptr<Session> session)
        : owner_(owner), session_(std::move(session)) {}

    Uploads* owner_;
    std::shared_ptr<Session> session_;
  };

  // Does not own `layout`.
  explicit Uploads(const Layout& layout) : layout_(layout) {}

  // TOOMANYREQUESTS if there are very many already.
  Result<Lease> start(const std::string& repository);

  // BLOB_UPLOAD_UNKNOWN; BLOB_UPLOAD_BUSY if somebody else has its lease.
  Result<Lease> take(const std::string& repository, const std::string& id);

  // How much has come, also while somebody has the lease. BLOB_UPLOAD_UNKNOWN.
  Result<std::uint64_t> size_of(const std::string& repository, const std::string& id);

  // Whether what came has this digest; DIGEST_INVALID. Puts it on disk. The upload stays.
  Result<void> verify(Lease& lease, const ContentDigest& digest);

  // Makes a verified upload a blob of its repository and ends the upload; whether the repository
  // had no such blob.
  Result<bool> commit(Lease& lease, const ContentDigest& digest);

  // Removes the upload with all that came.
  void discard(Lease& lease);

 private:
  Result<std::shared_ptr<Session>> find(const std::string& repository, const std::string& id);
  void give_back(const std::shared_ptr<Session>& session);
  void forget_idle_ones();

  const Layout& layout_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;  // Guarded by mutex_.
};

// Removes the uploads to which nothing was added since `before_s`; returns how many.
Result<std::uint64_t> expire_uploads(const Layout& layout, std::int64_t before_s);

}  // namespace ikada::registry
