#include "image/key_case.h"

#include "runtime/base/text.h"

namespace ikada {

Result<void> check_key_case(const Json& object, std::span<const std::string_view> fields) {
  if (!object.is_object()) return {};
  for (const auto& item : object.items()) {
    for (const std::string_view field : fields) {
      if (item.key().size() != field.size() || item.key() == field) continue;
      if (lower_case(item.key()) != lower_case(field)) continue;
      return make_error(ErrorKind::kInvalid, "key {} is written {}", field, item.key());
    }
  }
  return {};
}

}  // namespace ikada
