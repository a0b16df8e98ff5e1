// One blob, sent in as many pieces as broken connections make of it.
//
// The registry opens an upload and names its place; a small blob goes there whole with one PUT, a
// larger one with PATCH, in one piece as long as the registry takes it so, and then a PUT that
// names the digest. After a break the registry is asked how much it has. When it has forgotten the
// upload, or cannot go on with it (docker's own registry mostly cannot), it begins anew.
//
// Source: OCI distribution-spec 1.1, "Pushing blobs".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "image/http_client.h"
#include "image/manifest.h"
#include "runtime/base/result.h"

namespace ikada {

// Where an upload goes on.
struct UploadPlace {
  std::string url;
  bool refuses_private_addresses = false;  // A public registry named another server.
};

// The place that an answer names; `before` is the one that it came from. kDenied with code
// REDIRECT_REFUSED for one that leads from https to http, kInvalid with REGISTRY_PROTOCOL if there
// is none.
Result<UploadPlace> upload_place(const HttpResponse& response, const UploadPlace& before);

class BlobUpload {
 public:
  // How requests are made, so that the rules here can be tested without a network.
  struct Transport {
    // As RegistryClient::request().
    std::function<Result<HttpResponse>(OutgoingRequest request, const std::string& path)> send;
    std::function<Error(const HttpResponse& response, const std::string& what)> answer_error;
    std::function<Result<void>(int milliseconds)> wait;
    // Told the place whenever it changes, if a later process can go on there; may be empty.
    std::function<void(const std::string& url)> remember;
  };

  // `repository_path` is "/v2/library/nginx". `bytes` is the whole blob.
  BlobUpload(const Descriptor& blob, const HttpBody& bytes, std::string repository_path)
      : blob_(blob), bytes_(bytes), repository_path_(std::move(repository_path)) {}

  // An upload that is open already and has nothing.
  void use(UploadPlace place) { place_ = std::move(place); }

  // One of an earlier process; the registry is asked whether it still knows it.
  void resume(std::string url);

  // Sends until the registry has acknowledged the blob, again after breaks: a few times without
  // progress, many times with. kInvalid with code DIGEST_MISMATCH if the registry got or says
  // something else.
  Result<void> run(const Transport& transport);

 private:
  Result<void> attempt(const Transport& transport);
  Result<void> open(const Transport& transport);
  Result<void> send_part(const Transport& transport);
  Result<void> finish(const Transport& transport);
  Result<bool> look_again(const Transport& transport);
  Result<void> take_place(const Transport& transport, const HttpResponse& response);
  Error failed(const Transport& transport, const HttpResponse& response);
  OutgoingRequest request_to_place(std::string_view method, HttpBody body) const;
  std::string what() const { return "blob " + blob_.digest.text(); }

  const Descriptor& blob_;
  const HttpBody& bytes_;
  std::string repository_path_;
  std::optional<UploadPlace> place_;
  std::uint64_t position_ = 0;  // So many bytes the registry has.
  std::uint64_t most_ = 0;      // The most it ever had.
  std::uint64_t part_limit_bytes_ = UINT64_MAX;
  std::uint64_t part_minimum_bytes_ = 0;
  bool must_look_ = false;   // What the registry has is not known.
  bool was_broken_ = false;  // The upload was not sent in one go.
  int delay_ms_ = -1;        // Before the next attempt, if the registry said so.
};

}  // namespace ikada
