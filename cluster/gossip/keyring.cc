#include "cluster/gossip/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "cluster/gossip/byte_codec.h"

namespace ikada::gossip {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + 4;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { ::EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void fill_random(void* bytes, size_t size) {
  if (::getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) ::abort();
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string header_of(KeyId id) {
  std::string header;
  ByteWriter writer(header);
  writer.u8(kSealFormat);
  writer.u32(id);
  return header;
}

// What is authenticated beside the ciphertext.
std::string bound_to(std::string_view header, Channel channel, std::string_view cluster) {
  std::string text(header);
  ByteWriter writer(text);
  writer.u8(static_cast<std::uint8_t>(channel));
  writer.raw(cluster);
  return text;
}

}  // namespace

struct Keyring::Key {
  explicit Key(const GossipKey& bytes)
      : secret(bytes),
        id(key_id(bytes)),
        seal(::EVP_CIPHER_CTX_new()),
        open(::EVP_CIPHER_CTX_new()) {
    // The key's schedule is made once; each packet sets only its nonce.
    if (seal == nullptr || open == nullptr ||
        ::EVP_EncryptInit_ex(seal.get(), ::EVP_aes_256_gcm(), nullptr, secret.data(), nullptr) !=
            1 ||
        ::EVP_DecryptInit_ex(open.get(), ::EVP_aes_256_gcm(), nullptr, secret.data(), nullptr) !=
            1) {
      ::abort();
    }
  }
  ~Key() { ::OPENSSL_cleanse(secret.data(), secret.size()); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  GossipKey secret;
  KeyId id;
  Cipher seal;
  Cipher open;
};

KeyId key_id(const GossipKey& key) {
  std::string text = "ikada gossip key";
  ByteWriter(text).raw(key);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  ::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr);
  ::OPENSSL_cleanse(text.data(), text.size());
  return ByteReader({reinterpret_cast<const char*>(digest.data()), 4}).u32();
}

GossipKey random_gossip_key() {
  GossipKey key{};
  fill_random(key.data(), key.size());
  return key;
}

Keyring::Keyring(std::string cluster, const GossipKey& primary) : cluster_(std::move(cluster)) {
  keys_.push_back(std::make_unique<Key>(primary));
  fill_random(&salt_, sizeof(salt_));
}

Keyring::~Keyring() = default;
Keyring::Keyring(Keyring&&) noexcept = default;
Keyring& Keyring::operator=(Keyring&&) noexcept = default;

Keyring::Key* Keyring::find(KeyId id) {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const auto& each) { return each->id == id; });
  return found == keys_.end() ? nullptr : found->get();
}

Result<KeyId> Keyring::install(const GossipKey& key) {
  auto added = std::make_unique<Key>(key);
  const KeyId id = added->id;
  if (const Key* there = find(id); there != nullptr) {
    if (::CRYPTO_memcmp(there->secret.data(), key.data(), key.size()) == 0) return id;
    return make_error(ErrorKind::kConflict, "another gossip key has the id {:08x}", id);
  }
  if (keys_.size() == kMaxKeys) {
    return make_error(ErrorKind::kConflict, "there are {} gossip keys; remove one first", kMaxKeys);
  }
  keys_.push_back(std::move(added));
  return id;
}

Result<void> Keyring::use(KeyId id) {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const auto& each) { return each->id == id; });
  if (found == keys_.end()) return make_error(ErrorKind::kNotFound, "no gossip key {:08x}", id);
  std::rotate(keys_.begin(), found, found + 1);
  return {};
}

Result<void> Keyring::remove(KeyId id) {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const auto& each) { return each->id == id; });
  if (found == keys_.end()) return make_error(ErrorKind::kNotFound, "no gossip key {:08x}", id);
  if (found == keys_.begin()) {
    return make_error(ErrorKind::kConflict, "gossip key {:08x} is in use", id);
  }
  keys_.erase(found);
  return {};
}

// The counter of nonces goes on: no key sees one twice.
Result<void> Keyring::set(const std::vector<GossipKey>& keys) {
  if (keys.empty() || keys.size() > kMaxKeys) {
    return make_error(
        ErrorKind::kInvalid, "{} gossip keys: expected 1 to {}", keys.size(), kMaxKeys);
  }
  std::vector<std::unique_ptr<Key>> made;
  for (const GossipKey& key : keys) {
    made.push_back(std::make_unique<Key>(key));
    const bool is_known = std::any_of(made.begin(), made.end() - 1, [&](const auto& each) {
      return each->id == made.back()->id;
    });
    if (is_known) {
      return make_error(
          ErrorKind::kConflict, "two gossip keys have the id {:08x}", made.back()->id);
    }
  }
  keys_ = std::move(made);
  return {};
}

std::vector<KeyId> Keyring::ids() const {
  std::vector<KeyId> ids;
  for (const auto& each : keys_) ids.push_back(each->id);
  return ids;
}

std::string Keyring::seal(std::string_view plain, Channel channel) {
  Key& key = *keys_.front();
  if (++counter_ == 0) fill_random(&salt_, sizeof(salt_));
  std::string sealed = header_of(key.id);
  const std::string bound = bound_to(sealed, channel, cluster_);
  ByteWriter writer(sealed);
  writer.u64(salt_);
  writer.u32(counter_);
  const size_t start = sealed.size();
  sealed.resize(start + plain.size() + kTagBytes);
  EVP_CIPHER_CTX* const context = key.seal.get();
  unsigned char* const out = bytes_of(sealed);
  int size = 0;
  // None of these can fail for a context that has its key.
  ::EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, out + kHeaderBytes);
  ::EVP_EncryptUpdate(context, nullptr, &size, bytes_of(bound), static_cast<int>(bound.size()));
  ::EVP_EncryptUpdate(context, out + start, &size, bytes_of(plain), static_cast<int>(plain.size()));
  ::EVP_EncryptFinal_ex(context, out + start + plain.size(), &size);
  ::EVP_CIPHER_CTX_ctrl(
      context, EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes), out + start + plain.size());
  return sealed;
}

Result<std::string> Keyring::open(std::string_view sealed, Channel channel) {
  ByteReader reader(sealed);
  const std::uint8_t format = reader.u8();
  Key* const key = find(reader.u32());
  if (sealed.size() < kSealBytes || format != kSealFormat || key == nullptr) {
    return make_error(ErrorKind::kDenied, "sealed with none of our keys");
  }
  const std::string bound = bound_to(sealed.substr(0, kHeaderBytes), channel, cluster_);
  const std::string_view nonce = reader.raw(kNonceBytes);
  const std::string_view text = reader.raw(sealed.size() - kSealBytes);
  std::string tag(reader.rest());
  std::string plain(text.size(), '\0');
  EVP_CIPHER_CTX* const context = key->open.get();
  int size = 0;
  ::EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, bytes_of(nonce));
  ::EVP_DecryptUpdate(context, nullptr, &size, bytes_of(bound), static_cast<int>(bound.size()));
  ::EVP_DecryptUpdate(
      context, bytes_of(plain), &size, bytes_of(text), static_cast<int>(text.size()));
  ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes), tag.data());
  std::array<unsigned char, kTagBytes> rest{};
  if (::EVP_DecryptFinal_ex(context, rest.data(), &size) != 1) {
    return make_error(ErrorKind::kDenied, "does not open: damaged or of another cluster");
  }
  return plain;
}

}  // namespace ikada::gossip
