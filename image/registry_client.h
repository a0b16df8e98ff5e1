// One repository of a registry: manifests and blobs, verified against their digests. For what is
// sent there see image/registry_push.h.
//
// Calls wait on the network; they may come from several threads at once and share connections and
// tokens. Bodies that arrive are identified by the digest of their bytes, never by what the
// registry says of them. Messages are one line in docker's words.
//
// Credentials go to the registry's own host over https (plain http: loopback and insecure
// registries only) and to token servers on the same host or named in auth_hosts.
//
// Source: OCI distribution-spec 1.1; distribution, "Token Authentication Specification"; RFC 7235.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/http_client.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/registry_options.h"
#include "runtime/base/result.h"

namespace ikada {

struct FetchedManifest {
  Digest digest;           // Of `body`.
  std::string media_type;  // As the registry called it.
  std::string body;
};

// What a client asks to be allowed to do.
struct RegistryAccess {
  bool pushes = false;       // Pulling is always asked for.
  std::string mount_source;  // One more repository to pull from, whose blobs are to be mounted.

  // "repository:team/web:pull,push repository:team/base:pull"
  std::string scope(const std::string& repository) const;
};

class RegistryClient {
 public:
  // Does not connect yet. `reference` gives registry and repository.
  static Result<std::unique_ptr<RegistryClient>> create(const Reference& reference,
                                                        RegistryOptions options,
                                                        RegistryAccess access = {});
  ~RegistryClient();

  // The manifest or index under a tag or digest. kNotFound: no such image or tag; kDenied:
  // credentials missing or wrong; kUnavailable: registry unreachable or busy; kInvalid with code
  // DIGEST_MISMATCH, MANIFEST_TOO_LARGE, REGISTRY_PROTOCOL.
  Result<FetchedManifest> fetch_manifest(const std::string& tag_or_digest);

  // Takes the next bytes of a blob, in order; it may block, and then no more is read from the
  // network. An error ends the fetch and is returned.
  using Sink = std::function<Result<void>(std::string_view bytes)>;

  // Gives bytes [offset, size) of the blob to `sink`, at most once each, also when connections
  // break in between. Checks the size (kInvalid, SIZE_MISMATCH) but not the digest: the caller
  // hashes what it is given. kUnavailable after repeated failures, with code REGISTRY_TIMEOUT if it
  // went silent.
  Result<void> fetch_blob(const Descriptor& blob, std::uint64_t offset, const Sink& sink);

  // A small blob whole, e.g. an image config; its digest is checked (DIGEST_MISMATCH).
  Result<std::string> fetch_small_blob(const Descriptor& blob);

  // Any request to the repository, authenticated, and its answer whatever the status. With an empty
  // `path` it goes to `request.url`, which the registry has named; credentials are added only if
  // that is the registry's own origin.
  Result<HttpResponse> request(OutgoingRequest request, const std::string& path);

  // What to say of an answer that was not hoped for; `what` is what it is about, "blob sha256:…".
  Error answer_error(const HttpResponse& response, const std::string& what) const;

  // "/v2/library/nginx"
  std::string repository_path() const;

  // Waits, but not after cancel().
  Result<void> wait(int milliseconds);

  // Asks whether the registry is there and takes our credentials: GET /v2/. kDenied if not.
  Result<void> ping();

  // Makes running and later calls fail soon with kUnavailable. From any thread.
  void cancel();

 private:
  struct Session;
  explicit RegistryClient(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

// Whether the registry accepts `options.credentials`; see RegistryClient::ping().
Result<void> check_credentials(const std::string& registry, RegistryOptions options);

}  // namespace ikada
