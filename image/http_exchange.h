// One request and its answer on one libcurl handle, without redirects and repetitions.
#pragma once

#include <atomic>

#include "image/http_client.h"

namespace ikada {

struct ExchangeOptions {
  const CurlLibrary& curl;
  CURL* handle;
  const Url& url;
  bool verifies_certificate = true;
  int inactivity_limit_s = 30;
  const std::string& unix_socket;  // Empty: by the URL's host.
  const std::atomic<bool>& cancelled;
};

// `delivered` becomes true with the first byte given to the sink.
Result<HttpResponse> exchange(const OutgoingRequest& request,
                              const ExchangeOptions& options,
                              bool& delivered);

}  // namespace ikada
