#include "image/unpack_channel.h"

#include <algorithm>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxCodeBytes = 64;
constexpr std::uint64_t kMaxErrno = 4095;

std::string without_nul(std::string_view text, size_t max_bytes) {
  std::string clean(text.substr(0, max_bytes));
  std::replace(clean.begin(), clean.end(), '\0', '?');
  return clean;
}

bool is_code(std::string_view text) {
  return text.size() <= kMaxCodeBytes &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

Error unclear() {
  return make_error(ErrorKind::kInternal, "layer: the unpacking process answered nonsense");
}

Result<UnpackedLayer> parse_done(std::string_view diff_id, std::string_view bytes) {
  IK_LET(digest, Digest::parse(diff_id));
  IK_LET(content_bytes, parse_unsigned(bytes));
  return UnpackedLayer{std::move(digest), content_bytes};
}

}  // namespace

std::string format_unpack_progress(std::uint64_t content_bytes) {
  return fmt::format("more{}{}", '\0', content_bytes);
}

std::optional<std::uint64_t> parse_unpack_progress(std::string_view message) {
  const std::vector<std::string_view> fields = split(message, '\0');
  if (fields.size() != 2 || fields[0] != "more") return std::nullopt;
  const Result<std::uint64_t> bytes = parse_unsigned(fields[1]);
  return bytes.has_value() ? std::optional(*bytes) : std::nullopt;
}

std::string format_unpack_report(const Result<UnpackedLayer>& outcome) {
  constexpr char kNul = '\0';
  if (outcome.has_value()) {
    return fmt::format("done{}{}{}{}", kNul, outcome->diff_id.text(), kNul, outcome->content_bytes);
  }
  const Error& error = outcome.error();
  return fmt::format("error{}{}{}{}{}{}{}{}",
                     kNul,
                     static_cast<int>(error.kind),
                     kNul,
                     error.errno_value,
                     kNul,
                     without_nul(error.code, kMaxCodeBytes),
                     kNul,
                     without_nul(error.message, kMaxTextBytes));
}

Result<UnpackedLayer> parse_unpack_report(std::string_view message) {
  const std::vector<std::string_view> fields = split(message, '\0');
  if (fields.size() == 3 && fields[0] == "done") {
    Result<UnpackedLayer> done = parse_done(fields[1], fields[2]);
    return done.has_value() ? std::move(done) : Result<UnpackedLayer>(unclear());
  }
  if (fields.size() != 5 || fields[0] != "error") return unclear();
  const auto kind = parse_unsigned(fields[1], static_cast<std::uint64_t>(ErrorKind::kInternal));
  const auto number = parse_unsigned(fields[2], kMaxErrno);
  if (!kind.has_value() || !number.has_value() || !is_code(fields[3])) return unclear();
  return Error{.kind = static_cast<ErrorKind>(*kind),
               .message = without_nul(fields[4], kMaxTextBytes),
               .errno_value = static_cast<int>(*number),
               .code = std::string(fields[3])};
}

}  // namespace ikada
