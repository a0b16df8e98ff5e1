// Digests of what a registry keeps: sha256 and sha512. Unlike image/digest, which names what ikada
// itself has verified, a registry takes both algorithms of the specification.
//
// A ContentDigest that came out of parse() may be used in a path.
//
// Source: OCI image-spec 1.1, descriptor.md, "Digests".
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::registry {

enum class DigestAlgorithm { kSha256, kSha512 };

class ContentDigest {
 public:
  // No digest; text() is empty.
  ContentDigest() = default;

  // An error with code DIGEST_INVALID for anything outside the grammar.
  static Result<ContentDigest> parse(std::string_view text);

  static ContentDigest of(DigestAlgorithm algorithm, std::string_view bytes);

  const std::string& text() const { return text_; }  // "sha256:…"
  std::string_view algorithm_name() const;           // "sha256"
  std::string_view hex() const;
  DigestAlgorithm algorithm() const;
  bool empty() const { return text_.empty(); }

  auto operator<=>(const ContentDigest&) const = default;

 private:
  explicit ContentDigest(std::string text) : text_(std::move(text)) {}
  friend class ContentHash;

  std::string text_;
};

// The hash of bytes that arrive in pieces. Move-only; one thread at a time.
class ContentHash {
 public:
  explicit ContentHash(DigestAlgorithm algorithm);

  void update(std::string_view bytes);

  // The digest of all that came so far. Call it once, as the last.
  ContentDigest finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  DigestAlgorithm algorithm_;
  std::unique_ptr<void, Free> context_;
};

}  // namespace ikada::registry
