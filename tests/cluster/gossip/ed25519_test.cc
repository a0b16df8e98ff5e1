#include "cluster/gossip/ed25519.h"

#include <doctest/doctest.h>

#include "runtime/base/random_id.h"

namespace ikada::gossip {

TEST_CASE("Ed25519 makes the signatures of RFC 8032") {
  // Section 7.1, test 2: a message of one byte.
  const PrivateKey key = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
                          0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
                          0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
  const auto signatures = Ed25519::create(key);
  REQUIRE(signatures.has_value());

  const SignatureBytes signature = (*signatures)->sign("\x72");

  const PublicKey public_key = (*signatures)->public_key();
  CHECK(to_hex(public_key.data(), public_key.size()) ==
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(to_hex(signature.data(), signature.size()) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  CHECK((*signatures)->verify(public_key, "\x72", signature));
}

TEST_CASE("a signature is of one key and one text") {
  const auto one = Ed25519::create(random_private_key());
  const auto two = Ed25519::create(random_private_key());
  REQUIRE((one.has_value() && two.has_value()));
  SignatureBytes signature = (*one)->sign("text");

  CHECK((*two)->verify((*one)->public_key(), "text", signature));
  CHECK_FALSE((*one)->verify((*two)->public_key(), "text", signature));
  CHECK_FALSE((*one)->verify((*one)->public_key(), "texts", signature));
  signature[3] ^= 1;
  CHECK_FALSE((*one)->verify((*one)->public_key(), "text", signature));
}

}  // namespace ikada::gossip
