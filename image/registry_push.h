// One repository of a registry, for sending: which blobs it has, blobs, manifests.
//
// Calls wait on the network and may come from several threads at once. Bodies are read from where
// they are, as often as it takes. What is acknowledged was acknowledged with the digest that it was
// sent under.
//
// Source: OCI distribution-spec 1.1, "Push"; distribution, "Token Authentication Specification".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "image/blob_upload.h"
#include "image/registry_client.h"
#include "runtime/base/result.h"

namespace ikada {

class RegistryPush {
 public:
  // Does not connect yet. `target` gives registry and repository.
  static Result<std::unique_ptr<RegistryPush>> create(const Reference& target,
                                                      RegistryOptions options);

  Result<bool> has_blob(const Digest& digest);

  Result<bool> has_manifest(const Digest& digest);

  // What became of the wish to have a blob from another repository of the registry: nothing is left
  // to do, or it is to be sent, perhaps to an upload that was opened instead.
  struct Mount {
    bool done = false;
    std::optional<UploadPlace> place = {};
  };
  // Refusals are no errors.
  Result<Mount> mount_blob(const Digest& digest, const std::string& source_repository);

  struct Upload {
    Descriptor blob;
    HttpBody bytes;
    std::optional<UploadPlace> place = {};                      // From mount_blob().
    std::string resume_url = {};                                // Of an earlier process.
    std::function<void(const std::string& url)> remember = {};  // See BlobUpload.
  };
  // kDenied, kUnavailable, kInvalid with code DIGEST_MISMATCH.
  Result<void> upload_blob(const Upload& upload);

  // kInvalid with code DIGEST_MISMATCH if the registry says it keeps something else.
  Result<void> put_manifest(const std::string& text,
                            const std::string& media_type,
                            const std::string& tag_or_digest);

  // Makes running and later calls fail soon with kUnavailable. From any thread.
  void cancel();

 private:
  RegistryPush(Reference target, RegistryOptions options, std::unique_ptr<RegistryClient> client)
      : target_(std::move(target)), options_(std::move(options)), client_(std::move(client)) {}
  Result<bool> is_there(OutgoingRequest request, const std::string& place);
  Result<RegistryClient*> client_for_mounts(const std::string& source_repository);

  Reference target_;
  RegistryOptions options_;
  std::unique_ptr<RegistryClient> client_;
  std::mutex mutex_;
  bool cancelled_ = false;
  // By source: a registry that gives no token for a source must not keep us from pushing.
  std::map<std::string, std::unique_ptr<RegistryClient>> mount_clients_;
};

}  // namespace ikada
