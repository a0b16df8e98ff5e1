#include "cluster/store/sealed_value.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/evp.h>

#include "image/digest.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/shared_library.h"

namespace ikada {
namespace {

constexpr std::string_view kSealMagic = "ISV1";
constexpr size_t kKeyIdBytes = 8;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeadBytes = kSealMagic.size() + kKeyIdBytes + kNonceBytes;
constexpr size_t kMaxKeys = 8;
constexpr size_t kMaxFileBytes = kMaxKeys * (SealingKey::kBytes * 2 + 1);
constexpr mode_t kKeyFileMode = 0600;
constexpr int kHexBase = 16;

// The part of libcrypto that is used here.
struct Cipher {
  decltype(EVP_CIPHER_CTX_new)* context_new = nullptr;
  decltype(EVP_CIPHER_CTX_free)* context_free = nullptr;
  decltype(EVP_CIPHER_CTX_ctrl)* control = nullptr;
  decltype(EVP_CipherInit_ex)* init = nullptr;
  decltype(EVP_CipherUpdate)* update = nullptr;
  decltype(EVP_CipherFinal_ex)* finish = nullptr;
  decltype(EVP_aes_256_gcm)* aes_256_gcm = nullptr;
};

Result<Cipher> load_cipher() {
  IK_LET(library, SharedLibrary::open("libcrypto.so.3"));
  Cipher cipher;
  IK_TRY(library.find("EVP_CIPHER_CTX_new", cipher.context_new));
  IK_TRY(library.find("EVP_CIPHER_CTX_free", cipher.context_free));
  IK_TRY(library.find("EVP_CIPHER_CTX_ctrl", cipher.control));
  IK_TRY(library.find("EVP_CipherInit_ex", cipher.init));
  IK_TRY(library.find("EVP_CipherUpdate", cipher.update));
  IK_TRY(library.find("EVP_CipherFinal_ex", cipher.finish));
  IK_TRY(library.find("EVP_aes_256_gcm", cipher.aes_256_gcm));
  return cipher;
}

Result<const Cipher*> cipher_library() {
  static const Result<Cipher> loaded = load_cipher();
  if (!loaded.has_value()) return loaded.error();
  return &loaded.value();
}

Error broken_seal(std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .message = fmt::format("sealed value: {}", why),
               .code = "SEAL_BROKEN"};
}

struct Message {
  const SealingKey& key;
  std::string_view nonce;
  std::string_view authenticated;
  std::string_view text;
};

struct Ciphered {
  std::string text;
  std::string tag;
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// AES-256-GCM in one direction; to open, `tag` is what must come out. False from libcrypto's last
// step means that it does not.
Result<Ciphered> run_cipher(const Message& message, const std::string* tag) {
  IK_LET(cipher, cipher_library());
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(cipher->context_free)> context(
      cipher->context_new(), cipher->context_free);
  Ciphered out{.text = std::string(message.text.size(), '\0'), .tag = std::string(kTagBytes, '\0')};
  auto* const text = reinterpret_cast<unsigned char*>(out.text.data());
  int length = 0;
  const bool is_ready = context != nullptr &&
                        cipher->init(context.get(),
                                     cipher->aes_256_gcm(),
                                     nullptr,
                                     message.key.bytes().data(),
                                     bytes_of(message.nonce),
                                     tag == nullptr ? 1 : 0) == 1 &&
                        cipher->update(context.get(),
                                       nullptr,
                                       &length,
                                       bytes_of(message.authenticated),
                                       static_cast<int>(message.authenticated.size())) == 1 &&
                        cipher->update(context.get(),
                                       text,
                                       &length,
                                       bytes_of(message.text),
                                       static_cast<int>(message.text.size())) == 1;
  if (!is_ready) return make_error(ErrorKind::kInternal, "sealed value: libcrypto refuses");
  if (tag != nullptr) {
    out.tag = *tag;
    cipher->control(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, out.tag.data());
  }
  if (cipher->finish(context.get(), text + out.text.size(), &length) != 1) {
    ::explicit_bzero(out.text.data(), out.text.size());
    return broken_seal("altered, or sealed for another key of the store");
  }
  if (tag == nullptr) {
    cipher->control(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out.tag.data());
  }
  return out;
}

Result<void> fill_random(void* bytes, size_t size) {
  if (::getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) return errno_error("getrandom");
  return {};
}

// The head, and what it belongs to: none of them can be exchanged.
std::string authenticated_of(std::string_view head, std::string_view store_key) {
  return std::string(head) + std::string(store_key);
}

// Keys as text, wiped when done with.
struct KeyText {
  std::string text;

  explicit KeyText(std::string keys) : text(std::move(keys)) {}
  KeyText(KeyText&&) = default;
  KeyText& operator=(KeyText&&) = delete;
  ~KeyText() { ::explicit_bzero(text.data(), text.size()); }
};

Result<KeyText> random_key_line() {
  SealingKey::Bytes bytes{};
  IK_TRY(fill_random(bytes.data(), bytes.size()));
  KeyText line(to_hex(bytes.data(), bytes.size()));
  line.text += '\n';
  ::explicit_bzero(bytes.data(), bytes.size());
  return line;
}

Result<KeyText> read_key_file(const std::string& path) {
  IK_LET(file, open_file(path, O_RDONLY | O_NOFOLLOW));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return errno_error("stat {}", path);
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 || status.st_uid != ::geteuid()) {
    return make_error(ErrorKind::kDenied,
                      "{}: a key file belongs to its user and nobody else may open it (mode 0600)",
                      path);
  }
  IK_LET(text, read_fd(file.get(), kMaxFileBytes).context("{}", path));
  return KeyText(std::move(text));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<SealingKey> parse_key(std::string_view line) {
  SealingKey::Bytes bytes{};
  bool is_valid = line.size() == 2 * bytes.size();
  for (size_t i = 0; is_valid && i < bytes.size(); ++i) {
    const int high = hex_digit(line[2 * i]);
    const int low = hex_digit(line[2 * i + 1]);
    is_valid = high >= 0 && low >= 0;
    if (is_valid) bytes[i] = static_cast<unsigned char>(high * kHexBase + low);
  }
  SealingKey key(bytes);
  ::explicit_bzero(bytes.data(), bytes.size());
  if (!is_valid) {
    return make_error(ErrorKind::kInvalid, "a line is no key of 64 hexadecimal digits");
  }
  return key;
}

Result<void> replace_key_file(const std::string& path, std::string_view text) {
  return write_file_atomically(path, text, kKeyFileMode);
}

}  // namespace

SealingKey::SealingKey(SealingKey&& other) noexcept : bytes_(other.bytes_) {
  ::explicit_bzero(other.bytes_.data(), other.bytes_.size());
}

SealingKey& SealingKey::operator=(SealingKey&& other) noexcept {
  if (this == &other) return *this;
  bytes_ = other.bytes_;
  ::explicit_bzero(other.bytes_.data(), other.bytes_.size());
  return *this;
}

SealingKey::~SealingKey() { ::explicit_bzero(bytes_.data(), bytes_.size()); }

std::string SealingKey::id() const {
  Sha256 hash;
  hash.update("ikada sealing key");
  hash.update(bytes_.data(), bytes_.size());
  const std::string digest(hash.finish().hex());
  std::string id;
  for (size_t i = 0; i < kKeyIdBytes; ++i) {
    id += static_cast<char>(hex_digit(digest[2 * i]) * kHexBase + hex_digit(digest[2 * i + 1]));
  }
  return id;
}

Result<void> SealingKeys::create_file(const std::string& path) {
  IK_LET(line, random_key_line());
  const std::string name = path + "." + random_hex(8);
  IK_TRY(replace_key_file(name, line.text));
  if (::renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    const Error error = errno_error("rename {}", path);
    ::unlink(name.c_str());
    return error;
  }
  const size_t slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "."
                                                   : path.substr(0, std::max<size_t>(slash, 1)));
}

Result<SealingKeys> SealingKeys::open_file(const std::string& path) {
  IK_LET(file, read_key_file(path));
  std::vector<SealingKey> keys;
  for (const std::string_view line : split(trim(file.text), '\n')) {
    IK_LET(key, parse_key(line).context("{}", path));
    keys.push_back(std::move(key));
  }
  return SealingKeys(std::move(keys));
}

Result<void> SealingKeys::add_key(const std::string& path) {
  IK_LET(old, read_key_file(path));
  IK_LET(line, random_key_line());
  if (line.text.size() + old.text.size() > kMaxFileBytes) {
    return make_error(ErrorKind::kConflict, "{}: {} keys already, drop old ones", path, kMaxKeys);
  }
  const KeyText both(line.text + old.text);
  return replace_key_file(path, both.text);
}

Result<void> SealingKeys::drop_old_keys(const std::string& path) {
  IK_LET(old, read_key_file(path));
  const KeyText first(fmt::format("{}\n", cut(old.text, '\n').before));
  return replace_key_file(path, first.text);
}

Result<std::string> SealingKeys::seal(std::string_view store_key, std::string_view plain) const {
  std::string nonce(kNonceBytes, '\0');
  IK_TRY(fill_random(nonce.data(), nonce.size()));
  const std::string head = std::string(kSealMagic) + keys_.front().id() + nonce;
  const std::string authenticated = authenticated_of(head, store_key);
  IK_LET(made,
         run_cipher(
             {.key = keys_.front(), .nonce = nonce, .authenticated = authenticated, .text = plain},
             nullptr));
  return head + made.text + made.tag;
}

Result<std::string> SealingKeys::open(std::string_view store_key, std::string_view sealed) const {
  if (sealed.size() < kHeadBytes + kTagBytes || !sealed.starts_with(kSealMagic)) {
    return broken_seal("not a sealed value");
  }
  const std::string_view head = sealed.substr(0, kHeadBytes);
  const std::string_view key_id = head.substr(kSealMagic.size(), kKeyIdBytes);
  const auto key =
      std::ranges::find_if(keys_, [&](const SealingKey& each) { return each.id() == key_id; });
  if (key == keys_.end()) {
    return make_error(ErrorKind::kNotFound,
                      "sealed value: the key {} is not in the key file",
                      to_hex(key_id.data(), key_id.size()));
  }
  const std::string authenticated = authenticated_of(head, store_key);
  const std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const std::string_view text = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  IK_LET(opened,
         run_cipher({.key = *key,
                     .nonce = head.substr(kSealMagic.size() + kKeyIdBytes),
                     .authenticated = authenticated,
                     .text = text},
                    &tag));
  return std::move(opened.text);
}

bool SealingKeys::is_outdated(std::string_view sealed) const {
  return sealed.substr(std::min(kSealMagic.size(), sealed.size()), kKeyIdBytes) !=
         keys_.front().id();
}

}  // namespace ikada
