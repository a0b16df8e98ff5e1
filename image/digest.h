// Content digests: "sha256:" and 64 lower-case hexadecimal digits.
//
// A Digest that came out of parse() may be used in a path or a URL; a string that did not, may not.
// sha512 is in the specification's grammar but refused, because nothing here computes it.
//
// Source: OCI image-spec 1.1, descriptor.md, "Digests".
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

class Digest {
 public:
  static constexpr size_t kHexDigits = 64;

  // No digest; text() and hex() are empty.
  Digest() = default;

  // kInvalid with code DIGEST_INVALID for anything outside the grammar.
  static Result<Digest> parse(std::string_view text);

  // The digest of `bytes`.
  static Digest of(std::string_view bytes);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }  // "sha256:…"
  std::string_view hex() const;                      // The 64 digits.

  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  friend class Sha256;

  std::string text_;
};

// SHA-256 of bytes that arrive in pieces. Move-only; one thread at a time.
class Sha256 {
 public:
  Sha256();

  void update(const void* bytes, size_t size);
  void update(std::string_view bytes) { update(bytes.data(), bytes.size()); }

  // The digest of all that came so far. Call it once, as the last.
  Digest finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace ikada
