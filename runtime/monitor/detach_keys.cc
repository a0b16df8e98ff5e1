#include "runtime/monitor/detach_keys.h"

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kControlPrefix = "ctrl-";
constexpr char kControlMask = 0x1f;  // ASCII: a control character is its letter's low five bits.

Result<char> parse_key(std::string_view word) {
  if (word.size() == 1) return char{word[0]};
  if (word.size() == kControlPrefix.size() + 1 && word.starts_with(kControlPrefix)) {
    const char key = word.back();
    const bool is_letter = key >= 'a' && key <= 'z';
    if (is_letter || std::string_view("@[\\]^_").find(key) != std::string_view::npos) {
      return static_cast<char>(key & kControlMask);
    }
  }
  return make_error(ErrorKind::kInvalid, "not a key of --detach-keys: \"{}\"", word);
}

}  // namespace

Result<DetachKeys> DetachKeys::parse(std::string_view text) {
  std::string keys;
  if (!text.empty()) {
    for (const std::string_view word : split(text, ',')) {
      IK_LET(key, parse_key(word));
      keys += key;
    }
  }
  return DetachKeys(std::move(keys));
}

DetachKeys::Typed DetachKeys::feed(std::string_view bytes) {
  Typed typed;
  if (keys_.empty()) {
    typed.pass_on = bytes;
    return typed;
  }
  for (const char byte : bytes) {
    // The longest beginning of the keys that ends with this byte: short sequences, so by trying.
    std::string held = keys_.substr(0, matched_) + byte;
    while (!held.empty() && !keys_.starts_with(held)) {
      typed.pass_on += held.front();
      held.erase(0, 1);
    }
    matched_ = held.size();
    if (matched_ == keys_.size()) {
      matched_ = 0;
      typed.detached = true;
      return typed;
    }
  }
  return typed;
}

}  // namespace ikada
