// One HTTP request to another host's port of blobs (blob_port.h), over TLS with the node's
// certificate. Waits, on the caller's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/node/node_tls.h"
#include "runtime/base/result.h"

namespace ikada {

struct PeerRequest {
  std::string address = {};
  std::uint16_t port = 0;
  TlsContext tls = {};  // Null: nobody can be reached.
  std::string method = "GET";
  std::string target = {};
  std::uint64_t offset = 0;  // Of the first byte that is wanted.
  // The whole thing's, if it is known: an answer of another size is none.
  std::optional<std::uint64_t> size_bytes = {};
  std::chrono::milliseconds patience{10'000};       // Until the answer begins.
  const std::atomic<bool>* is_cancelled = nullptr;  // Ends it soon after it has become true.
};

struct PeerAnswer {
  unsigned status = 0;
  bool is_whole = false;              // All of it has come.
  std::uint64_t bytes = 0;            // That the sink has taken.
  std::optional<Error> sink_error{};  // Which ended it.
};

// The body of a 200 or 206 goes to the sink. Ends when all has come, the peer fails, or is slower
// than anybody would be who is well.
using PeerSink = std::function<Result<void>(std::string_view bytes)>;
PeerAnswer exchange_with_peer(const PeerRequest& request, const PeerSink& sink);

}  // namespace ikada
