#include "image/store_policy.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "image/store_space.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
constexpr std::uint64_t kMaxDays = 36'500;
constexpr UnixNanos kDay = UnixNanos{86'400} * 1'000'000'000;

Error invalid_policy(std::string_view what) {
  return make_error(ErrorKind::kInvalid, "images: {}", what);
}

Result<void> read_min_free(const std::string& text, ImagePolicy& policy) {
  if (!text.ends_with('%')) {
    IK_LET(bytes, parse_byte_size(text).context("images: min_free"));
    policy.min_free_bytes = bytes;
    return {};
  }
  constexpr std::uint64_t kMaxPercent = 99;
  IK_LET(percent,
         parse_unsigned(text.substr(0, text.size() - 1), kMaxPercent).context("images: min_free"));
  policy.min_free_percent = percent;
  return {};
}

// May throw yaml-cpp's exceptions.
Result<ImagePolicy> read_policy(const YAML::Node& root) {
  ImagePolicy policy;
  if (!root.IsMap()) return policy;
  const YAML::Node images = root["images"];
  if (!images || images.IsNull()) return policy;
  if (!images.IsMap()) return invalid_policy("expected a map");
  for (const auto& field : images) {
    const auto name = field.first.as<std::string>();
    if (name == "keep_days") {
      IK_LET(days,
             parse_unsigned(field.second.as<std::string>(), kMaxDays).context("images: keep_days"));
      policy.keep_days = days;
    } else if (name == "min_free") {
      IK_TRY(read_min_free(field.second.as<std::string>(), policy));
    } else {
      return invalid_policy("unknown key " + name);
    }
  }
  return policy;
}

void append(ImageStore::Removed& all, const ImageStore::Removed& more) {
  std::ranges::copy(more.untagged, std::back_inserter(all.untagged));
  std::ranges::copy(more.deleted, std::back_inserter(all.deleted));
}

struct Candidate {
  std::string id;
  UnixNanos last_used = 0;
};

Result<std::vector<Candidate>> longest_unused_first(const ImageStore& store) {
  IK_LET(images, store.list());
  std::vector<Candidate> candidates;
  for (const StoredImage& image : images) {
    const Result<UnixNanos> used = store.last_used(image);
    // Somebody else may have removed it since the list was read.
    if (!used.has_value() && used.error().kind == ErrorKind::kNotFound) continue;
    if (!used.has_value()) return used.error();
    candidates.push_back({image.id, *used});
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::last_used);
  return candidates;
}

}  // namespace

Result<ImagePolicy> parse_image_policy(std::string_view yaml) {
  try {
    return read_policy(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& exception) {
    return make_error(ErrorKind::kInvalid, "line {}: {}", exception.mark.line + 1, exception.msg);
  }
}

Result<ImagePolicy> load_image_policy(const std::string& config_path) {
  const Result<std::string> text = read_file(config_path, kMaxPolicyBytes);
  if (text.has_value()) return parse_image_policy(*text).context("{}", config_path);
  if (text.error().kind == ErrorKind::kNotFound) return ImagePolicy{};
  return text.error();
}

Result<ImageStore::Removed> apply_image_policy(ImageStore& store,
                                               const ImagePolicy& policy,
                                               UnixNanos now,
                                               std::uint64_t needed_bytes) {
  ImageStore::Removed all;
  if (policy.keep_days.has_value()) {
    const UnixNanos oldest = now - static_cast<UnixNanos>(*policy.keep_days) * kDay;
    IK_LET(removed, store.remove_unused([&](const StoredImage& image) -> Result<bool> {
      IK_LET(used, store.last_used(image));
      return used < oldest;
    }));
    append(all, removed);
  }
  if (!policy.has_floor()) return all;
  IK_LET(floor, floor_bytes(store, policy));
  IK_LET(candidates, longest_unused_first(store));
  for (const Candidate& candidate : candidates) {
    if (check_room(store, needed_bytes, floor).has_value()) break;
    IK_LET(removed, store.remove_unused_for_room([&](const StoredImage& image) -> Result<bool> {
      return image.id == candidate.id;
    }));
    append(all, removed);
  }
  return all;
}

}  // namespace ikada
