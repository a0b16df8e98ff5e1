// What the registry says when it refuses: the error codes of the specification, and their statuses.
//
// An Error whose `code` is one of the table's is meant for the client; any other is ours and is
// answered with 500, or with 507 if the disk is full, and its message stays in the log.
//
// Source: OCI distribution-spec 1.1, "Error Codes".
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/result.h"

namespace ikada::registry {

inline constexpr std::string_view kBlobUnknown = "BLOB_UNKNOWN";
inline constexpr std::string_view kBlobUploadInvalid = "BLOB_UPLOAD_INVALID";
inline constexpr std::string_view kBlobUploadUnknown = "BLOB_UPLOAD_UNKNOWN";
inline constexpr std::string_view kDigestInvalid = "DIGEST_INVALID";
inline constexpr std::string_view kManifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN";
inline constexpr std::string_view kManifestInvalid = "MANIFEST_INVALID";
inline constexpr std::string_view kManifestUnknown = "MANIFEST_UNKNOWN";
inline constexpr std::string_view kNameInvalid = "NAME_INVALID";
inline constexpr std::string_view kNameUnknown = "NAME_UNKNOWN";
inline constexpr std::string_view kSizeInvalid = "SIZE_INVALID";
inline constexpr std::string_view kUnauthorized = "UNAUTHORIZED";
inline constexpr std::string_view kDenied = "DENIED";
inline constexpr std::string_view kTagInvalid = "TAG_INVALID";
inline constexpr std::string_view kUnsupported = "UNSUPPORTED";
inline constexpr std::string_view kTooManyRequests = "TOOMANYREQUESTS";
// Not in the specification's table; it allows more.
inline constexpr std::string_view kRangeInvalid = "RANGE_INVALID";
inline constexpr std::string_view kNotNow = "UNAVAILABLE";
inline constexpr std::string_view kUploadBusy = "BLOB_UPLOAD_BUSY";
inline constexpr std::string_view kRequestInvalid = "REQUEST_INVALID";
inline constexpr std::string_view kPathUnknown = "PATH_UNKNOWN";

// An Error with one of the codes above.
template <typename... Args>
Error api_error(std::string_view code, fmt::format_string<Args...> format, Args&&... args) {
  Error error = make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
  error.code = code;
  return error;
}

// Whether the message is for the client.
bool is_api_error(const Error& error);

// 404, 400, … ; 507 for a full disk or disk quota, 500 for everything else that is ours.
unsigned status_of(const Error& error);

// {"errors":[{"code":…,"message":…}]}; for an error of ours without its message.
std::string body_of(const Error& error);

}  // namespace ikada::registry
