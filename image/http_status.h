// The statuses that registries' answers are told apart by.
//
// Source: RFC 9110, section 15.
#pragma once

namespace ikada {

inline constexpr int kOk = 200;
inline constexpr int kCreated = 201;
inline constexpr int kAccepted = 202;
inline constexpr int kPartialContent = 206;
inline constexpr int kBadRequest = 400;
inline constexpr int kUnauthorized = 401;
inline constexpr int kForbidden = 403;
inline constexpr int kMissing = 404;
inline constexpr int kGone = 410;
inline constexpr int kTooLarge = 413;
inline constexpr int kWrongRange = 416;
inline constexpr int kTooManyRequests = 429;

}  // namespace ikada
