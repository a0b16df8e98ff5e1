#include "image/registry/content_digest.h"

#include <algorithm>
#include <array>

#include "image/registry/crypto_library.h"
#include "image/registry/failure.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr size_t kSha256Digits = 64;
constexpr size_t kSha512Digits = 128;
constexpr size_t kShownDigestLength = 150;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

Error invalid(std::string_view text, std::string_view why) {
  return api_error(kDigestInvalid, "digest '{}': {}", text.substr(0, kShownDigestLength), why);
}

std::string_view prefix_of(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha256 ? "sha256:" : "sha512:";
}

}  // namespace

Result<ContentDigest> ContentDigest::parse(std::string_view text) {
  const Cut parts = cut(text, ':');
  const bool is_sha256 = parts.before == "sha256";
  if (!parts.found || (!is_sha256 && parts.before != "sha512")) {
    return invalid(text, "expected sha256:… or sha512:…");
  }
  const size_t digits = is_sha256 ? kSha256Digits : kSha512Digits;
  if (parts.after.size() != digits || !std::ranges::all_of(parts.after, is_lower_hex)) {
    return invalid(text, fmt::format("expected {} lower-case hexadecimal digits", digits));
  }
  return ContentDigest(std::string(text));
}

ContentDigest ContentDigest::of(DigestAlgorithm algorithm, std::string_view bytes) {
  ContentHash hash(algorithm);
  hash.update(bytes);
  return hash.finish();
}

std::string_view ContentDigest::algorithm_name() const { return cut(text_, ':').before; }

std::string_view ContentDigest::hex() const { return cut(text_, ':').after; }

DigestAlgorithm ContentDigest::algorithm() const {
  return text_.starts_with("sha512:") ? DigestAlgorithm::kSha512 : DigestAlgorithm::kSha256;
}

ContentHash::ContentHash(DigestAlgorithm algorithm)
    : algorithm_(algorithm), context_(crypto_library().context_new()) {
  const CryptoLibrary& crypto = crypto_library();
  const EVP_MD* kind = algorithm == DigestAlgorithm::kSha256 ? crypto.sha256() : crypto.sha512();
  crypto.init(static_cast<EVP_MD_CTX*>(context_.get()), kind, nullptr);
}

void ContentHash::Free::operator()(void* context) const {
  crypto_library().context_free(static_cast<EVP_MD_CTX*>(context));
}

void ContentHash::update(std::string_view bytes) {
  crypto_library().update(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

ContentDigest ContentHash::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  crypto_library().finish(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), &size);
  return ContentDigest(std::string(prefix_of(algorithm_)) + to_hex(bytes.data(), size));
}

}  // namespace ikada::registry
