// One blob, fetched in as many pieces as broken connections make of it.
//
// Source: OCI distribution-spec 1.1, "Pulling blobs"; RFC 9110, section 14 (ranges).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "image/http_client.h"
#include "image/manifest.h"
#include "runtime/base/result.h"

namespace ikada {

class BlobDownload {
 public:
  using Sink = std::function<Result<void>(std::string_view bytes)>;

  // How requests are made, so that the rules here can be tested without a network.
  struct Transport {
    // Succeeds if the answer was 2xx; `request.on_head` and `request.sink` have seen it then.
    std::function<Result<void>(OutgoingRequest request)> send;
    std::function<Result<void>(int milliseconds)> wait;
  };

  // Bytes from `offset` on go to `sink`, each once and in order.
  BlobDownload(const Descriptor& blob, std::uint64_t offset, const Sink& sink)
      : blob_(blob), sink_(sink), position_(offset) {}

  // Fetches until the size is reached, again after breaks: a few times without progress, many times
  // with. kInvalid with code SIZE_MISMATCH or REGISTRY_PROTOCOL.
  Result<void> run(const Transport& transport);

 private:
  Result<void> check_head(const HttpResponse& head);
  Result<void> check_range(const HttpResponse& head) const;
  Result<void> take(std::string_view bytes);
  Error error(std::string_view code, std::string_view what) const;

  const Descriptor& blob_;
  const Sink& sink_;
  std::uint64_t position_;  // Of the next byte for the sink.
  std::uint64_t skip_ = 0;  // Bytes of this answer that the sink has already.
};

}  // namespace ikada
