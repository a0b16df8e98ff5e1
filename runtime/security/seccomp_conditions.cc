#include "runtime/security/seccomp_conditions.h"

#include <linux/seccomp.h>

#include <bit>
#include <cstddef>

namespace ikada {
namespace {

static_assert(std::endian::native == std::endian::little, "offsets below are little-endian");

// Where a comparison goes on: to the next instruction, or to one of these, filled in at the end.
constexpr std::uint8_t kHere = 0;
constexpr std::uint8_t kHolds = 0xfe;
constexpr std::uint8_t kFails = 0xff;

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kIfGreater = BPF_JMP | BPF_JGT | BPF_K;
constexpr std::uint16_t kIfGreaterOrEqual = BPF_JMP | BPF_JGE | BPF_K;

std::uint32_t low_half_of(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high_half_of(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

std::uint32_t argument_offset(unsigned index, bool high_half) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * index + (high_half ? 4 : 0));
}

// argument == value, after both have been masked.
void emit_equal(const SeccompCondition& condition,
                std::uint64_t mask,
                std::uint64_t value,
                std::uint8_t if_equal,
                std::uint8_t if_not,
                std::vector<sock_filter>& out) {
  if (high_half_of(mask) != 0 || high_half_of(value) != 0) {
    out.push_back(BPF_STMT(kLoad, argument_offset(condition.index, true)));
    if (high_half_of(mask) != UINT32_MAX) {
      out.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, high_half_of(mask)));
    }
    out.push_back(BPF_JUMP(kIfEqual, high_half_of(value), kHere, if_not));
  }
  out.push_back(BPF_STMT(kLoad, argument_offset(condition.index, false)));
  if (low_half_of(mask) != UINT32_MAX) {
    out.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, low_half_of(mask)));
  }
  out.push_back(BPF_JUMP(kIfEqual, low_half_of(value), if_equal, if_not));
}

// argument > value, or with `or_equal` argument >= value.
void emit_greater(const SeccompCondition& condition,
                  bool or_equal,
                  std::uint8_t if_greater,
                  std::uint8_t if_not,
                  std::vector<sock_filter>& out) {
  const std::uint32_t high = high_half_of(condition.value);
  out.push_back(BPF_STMT(kLoad, argument_offset(condition.index, true)));
  out.push_back(BPF_JUMP(kIfGreater, high, if_greater, kHere));
  out.push_back(BPF_JUMP(kIfEqual, high, kHere, if_not));
  out.push_back(BPF_STMT(kLoad, argument_offset(condition.index, false)));
  out.push_back(BPF_JUMP(
      or_equal ? kIfGreaterOrEqual : kIfGreater, low_half_of(condition.value), if_greater, if_not));
}

void emit_condition(const SeccompCondition& condition, std::vector<sock_filter>& out) {
  switch (condition.op) {
    case SeccompOperator::kEqual:
      return emit_equal(condition, UINT64_MAX, condition.value, kHolds, kFails, out);
    case SeccompOperator::kNotEqual:
      return emit_equal(condition, UINT64_MAX, condition.value, kFails, kHolds, out);
    case SeccompOperator::kMaskedEqual:
      return emit_equal(condition, condition.value, condition.value_two, kHolds, kFails, out);
    case SeccompOperator::kGreater:
      return emit_greater(condition, false, kHolds, kFails, out);
    case SeccompOperator::kGreaterOrEqual:
      return emit_greater(condition, true, kHolds, kFails, out);
    case SeccompOperator::kLess:
      return emit_greater(condition, true, kFails, kHolds, out);
    case SeccompOperator::kLessOrEqual:
      return emit_greater(condition, false, kFails, kHolds, out);
  }
}

// Turns kHolds and kFails in out[from...] into distances.
void resolve_jumps(std::vector<sock_filter>& out, size_t from, size_t holds, size_t fails) {
  const auto distance = [&](std::uint8_t mark, size_t at) {
    if (mark == kHolds) return static_cast<std::uint8_t>(holds - at - 1);
    if (mark == kFails) return static_cast<std::uint8_t>(fails - at - 1);
    return mark;
  };
  for (size_t at = from; at < out.size(); ++at) {
    if (BPF_CLASS(out[at].code) != BPF_JMP) continue;
    out[at].jt = distance(out[at].jt, at);
    out[at].jf = distance(out[at].jf, at);
  }
}

}  // namespace

void emit_conditional_return(const SeccompRule& rule, std::vector<sock_filter>& out) {
  // One argument takes at most six instructions and a rule has at most one condition for each of
  // six arguments, so every jump below is short.
  size_t length = 0;
  std::vector<std::vector<sock_filter>> parts;
  for (const SeccompCondition& condition : rule.conditions) {
    emit_condition(condition, parts.emplace_back());
    length += parts.back().size();
  }
  const size_t fails = out.size() + length + 1;  // Behind the return.
  for (const std::vector<sock_filter>& part : parts) {
    const size_t from = out.size();
    out.insert(out.end(), part.begin(), part.end());
    resolve_jumps(out, from, out.size(), fails);
  }
  out.push_back(BPF_STMT(BPF_RET | BPF_K, rule.action));
}

}  // namespace ikada
