#include "cluster/model/names.h"

#include <algorithm>

namespace ikada {
namespace {

constexpr size_t kMaxNameLength = 255;
constexpr size_t kMaxVolumeLength = 200;
constexpr size_t kMaxAttributeLength = 128;
constexpr size_t kMaxTokenLength = 64;
constexpr size_t kIdLength = 32;

bool is_letter_or_digit(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= 'a' && letter <= 'z');
}

bool consists_of(std::string_view text, std::string_view also, size_t max_length) {
  return !text.empty() && text.size() <= max_length &&
         std::all_of(text.begin(), text.end(), [&](char letter) {
           return is_letter_or_digit(letter) || also.find(letter) != std::string_view::npos;
         });
}

}  // namespace

bool is_resource_name(std::string_view name) { return consists_of(name, "-_", kMaxNameLength); }

bool is_host_volume_name(std::string_view name) {
  return consists_of(name, "-_", kMaxVolumeLength) && name.size() >= 2 &&
         is_letter_or_digit(name.front());
}

bool is_attribute_name(std::string_view name) {
  return consists_of(name, "-_./\\", kMaxAttributeLength);
}

bool is_attribute_value(std::string_view value) {
  return consists_of(value, "-_.@:/\\ ", kMaxAttributeLength) && value.front() != ' ' &&
         value.back() != ' ';
}

bool is_client_token(std::string_view token) {
  return !token.empty() && token.size() <= kMaxTokenLength &&
         std::all_of(token.begin(), token.end(), [](char letter) {
           return letter >= '!' && letter <= '~';
         });
}

bool is_resource_id(std::string_view id) {
  return id.size() == kIdLength && std::all_of(id.begin(), id.end(), [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
         });
}

}  // namespace ikada
