#include "cluster/model/task_size.h"

#include <string>

#include "cluster/model/ecs_error.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::int64_t kUnitsPerVcpu = 1024;
constexpr std::int64_t kMibPerGib = 1024;
constexpr std::int64_t kMinCpuUnits = 128;
constexpr std::int64_t kMaxCpuUnits = 262'144;
constexpr std::int64_t kMinTaskMemoryMib = 6;
constexpr std::int64_t kMaxTaskMemoryMib = 64 * kMibPerGib * kMibPerGib;
constexpr size_t kMaxFractionDigits = 6;

// `text` × `unit` for digits with perhaps a fraction; -1 if that is no number or not whole.
std::int64_t scaled(std::string_view text, std::int64_t unit) {
  const Cut parts = cut(text, '.');
  if (parts.before.empty() && parts.after.empty()) return -1;
  if (parts.after.size() > kMaxFractionDigits) return -1;
  std::int64_t whole = 0;
  if (!parts.before.empty()) {
    const Result<std::uint64_t> number = parse_unsigned(parts.before, kMaxTaskMemoryMib);
    if (!number.has_value()) return -1;
    whole = static_cast<std::int64_t>(*number) * unit;
  }
  if (parts.after.empty()) return whole;
  const Result<std::uint64_t> fraction = parse_unsigned(parts.after, kMaxTaskMemoryMib);
  if (!fraction.has_value()) return -1;
  std::int64_t scale = 1;
  for (size_t i = 0; i < parts.after.size(); ++i) scale *= 10;
  const std::int64_t units = static_cast<std::int64_t>(*fraction) * unit;
  return units % scale == 0 ? whole + units / scale : -1;
}

// A number by itself, or a number of `unit`s with the suffix behind it.
std::int64_t parse_size(std::string_view text, std::string_view suffix, std::int64_t unit) {
  const std::string lower = lower_case(trim(text));
  std::string_view number = lower;
  if (!number.ends_with(suffix)) return scaled(number, 1);
  number.remove_suffix(suffix.size());
  return scaled(trim(number), unit);
}

}  // namespace

Result<std::int64_t> parse_task_cpu(std::string_view text) {
  const std::int64_t units = parse_size(text, "vcpu", kUnitsPerVcpu);
  if (units < kMinCpuUnits || units > kMaxCpuUnits) {
    return client_exception("Invalid 'cpu' setting for task.");
  }
  return units;
}

Result<std::int64_t> parse_task_memory(std::string_view text) {
  const std::int64_t mib = parse_size(text, "gb", kMibPerGib);
  if (mib < kMinTaskMemoryMib || mib > kMaxTaskMemoryMib) {
    return client_exception("Invalid 'memory' setting for task.");
  }
  return mib;
}

bool is_fargate_size(std::int64_t cpu_units, std::int64_t memory_mib) {
  const auto in_steps = [&](std::int64_t min, std::int64_t max, std::int64_t step) {
    return memory_mib >= min * kMibPerGib && memory_mib <= max * kMibPerGib &&
           memory_mib % (step * kMibPerGib) == 0;
  };
  switch (cpu_units) {
    case 256:
      return memory_mib == 512 || in_steps(1, 2, 1);
    case 512:
      return in_steps(1, 4, 1);
    case 1024:
      return in_steps(2, 8, 1);
    case 2048:
      return in_steps(4, 16, 1);
    case 4096:
      return in_steps(8, 30, 1);
    case 8192:
      return in_steps(16, 60, 4);
    case 16384:
      return in_steps(32, 120, 8);
    default:
      return false;
  }
}

}  // namespace ikada
