#include "image/registry/failure.h"

#include <errno.h>

#include <array>

#include "runtime/base/json.h"

namespace ikada::registry {
namespace {

struct Row {
  std::string_view code;
  unsigned status;
};

constexpr std::array kTable = {
    Row{kBlobUnknown, 404},
    Row{kBlobUploadInvalid, 400},
    Row{kBlobUploadUnknown, 404},
    Row{kDigestInvalid, 400},
    Row{kManifestBlobUnknown, 404},
    Row{kManifestInvalid, 400},
    Row{kManifestUnknown, 404},
    Row{kNameInvalid, 400},
    Row{kNameUnknown, 404},
    Row{kSizeInvalid, 413},
    Row{kUnauthorized, 401},
    Row{kDenied, 403},
    Row{kTagInvalid, 400},
    Row{kUnsupported, 405},
    Row{kTooManyRequests, 429},
    Row{kRangeInvalid, 416},
    Row{kNotNow, 503},
    Row{kUploadBusy, 409},
    Row{kRequestInvalid, 400},
    Row{kPathUnknown, 404},
};

const Row* find_row(std::string_view code) {
  for (const Row& row : kTable) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

bool is_disk_full(const Error& error) {
  return error.errno_value == ENOSPC || error.errno_value == EDQUOT;
}

}  // namespace

bool is_api_error(const Error& error) { return find_row(error.code) != nullptr; }

unsigned status_of(const Error& error) {
  if (const Row* row = find_row(error.code)) return row->status;
  return is_disk_full(error) ? 507 : 500;
}

std::string body_of(const Error& error) {
  std::string code = error.code;
  std::string message = error.message;
  if (!is_api_error(error)) {
    const bool full = is_disk_full(error);
    code = full ? "INSUFFICIENT_STORAGE" : "UNKNOWN";
    message = full ? "the registry's disk is full" : "the registry has a problem; see its log";
  }
  const Json one = {{"code", code}, {"message", message}};
  return Json{{"errors", Json::array({one})}}.dump(-1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace ikada::registry
