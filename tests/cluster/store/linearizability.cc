#include "tests/cluster/store/linearizability.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_set>

namespace ikada {
namespace {

using Kind = HistoryOperation::Kind;

// The value after the operation, or nothing if it cannot have come next.
std::optional<std::string> value_after(const HistoryOperation& operation,
                                       const std::string& value) {
  const bool compares = operation.kind == Kind::kCompareAndSet;
  if (operation.kind == Kind::kRead) {
    return value == operation.value ? std::optional(value) : std::nullopt;
  }
  if (operation.kind == Kind::kWrite) return operation.value;
  const bool holds = compares && value == operation.expected;
  if (operation.is_unknown) return holds ? operation.value : value;
  if (holds != operation.succeeded) return std::nullopt;
  return holds ? operation.value : value;
}

// Calls and returns in the order of time, as a list from which an operation can be lifted.
class Timeline {
 public:
  explicit Timeline(const std::vector<HistoryOperation>& operations) {
    struct Moment {
      std::int64_t time;
      bool is_return;
      size_t operation;
    };
    std::vector<Moment> moments;
    for (size_t i = 0; i < operations.size(); ++i) {
      moments.push_back({operations[i].begin_ns, false, i});
      moments.push_back({operations[i].is_unknown ? INT64_MAX : operations[i].end_ns, true, i});
    }
    // At one time calls come first: then the two overlap.
    std::ranges::sort(moments, {}, [](const Moment& moment) {
      return std::tuple(moment.time, moment.is_return, moment.operation);
    });
    nodes_.resize(moments.size() + 2);
    call_of_.resize(operations.size());
    return_of_.resize(operations.size());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i] = {.before = i == 0 ? 0 : i - 1, .behind = std::min(i + 1, nodes_.size() - 1)};
    }
    for (size_t i = 0; i < moments.size(); ++i) {
      nodes_[i + 1].operation = moments[i].operation;
      nodes_[i + 1].is_return = moments[i].is_return;
      (moments[i].is_return ? return_of_ : call_of_)[moments[i].operation] = i + 1;
    }
  }

  size_t first() const { return nodes_[0].behind; }
  size_t behind(size_t node) const { return nodes_[node].behind; }
  bool is_end(size_t node) const { return node == nodes_.size() - 1; }
  bool is_return(size_t node) const { return nodes_[node].is_return; }
  size_t operation(size_t node) const { return nodes_[node].operation; }
  size_t call_of(size_t operation) const { return call_of_[operation]; }

  void lift(size_t operation) {
    unlink(call_of_[operation]);
    unlink(return_of_[operation]);
  }

  void put_back(size_t operation) {
    relink(return_of_[operation]);
    relink(call_of_[operation]);
  }

 private:
  struct Node {
    size_t before = 0;
    size_t behind = 0;
    size_t operation = 0;
    bool is_return = false;
  };

  void unlink(size_t node) {
    nodes_[nodes_[node].before].behind = nodes_[node].behind;
    nodes_[nodes_[node].behind].before = nodes_[node].before;
  }

  void relink(size_t node) {
    nodes_[nodes_[node].before].behind = node;
    nodes_[nodes_[node].behind].before = node;
  }

  std::vector<Node> nodes_;  // The first and the last stand for the ends.
  std::vector<size_t> call_of_;
  std::vector<size_t> return_of_;
};

}  // namespace

bool is_linearizable(const std::vector<HistoryOperation>& operations) {
  struct Taken {
    size_t operation;
    std::string value_before;
  };
  Timeline timeline(operations);
  std::vector<Taken> taken;
  std::string is_taken(operations.size(), '0');
  std::unordered_set<std::string> seen;
  std::string value;
  size_t node = timeline.first();
  while (!timeline.is_end(timeline.first())) {
    if (!timeline.is_return(node) && !timeline.is_end(node)) {
      const size_t operation = timeline.operation(node);
      const std::optional<std::string> after = value_after(operations[operation], value);
      if (after.has_value()) {
        is_taken[operation] = '1';
        if (seen.insert(is_taken + *after).second) {
          taken.push_back({operation, value});
          value = *after;
          timeline.lift(operation);
          node = timeline.first();
          continue;
        }
        is_taken[operation] = '0';
      }
      node = timeline.behind(node);
      continue;
    }
    // It returned, and could not be placed before: the last one placed was wrong.
    if (taken.empty()) return false;
    const Taken last = taken.back();
    taken.pop_back();
    is_taken[last.operation] = '0';
    value = last.value_before;
    timeline.put_back(last.operation);
    node = timeline.behind(timeline.call_of(last.operation));
  }
  return true;
}

std::string first_not_linearizable(
    const std::map<std::string, std::vector<HistoryOperation>>& by_key) {
  for (const auto& [key, operations] : by_key) {
    if (!is_linearizable(operations)) return key;
  }
  return {};
}

}  // namespace ikada
