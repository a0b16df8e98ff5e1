// What an action comes to: an answer, or changes of the state that are proposed to the store and
// the answer when they are made.
//
// An action reads and proposes; it never writes. Each change names the revision of the record it
// was decided on, so that the proposal fails as a whole if somebody else was faster; then the
// action is called again with the state of then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/model/json_fields.h"
#include "cluster/state/state.h"

namespace ikada {

struct RecordChange {
  std::string key;
  std::optional<std::string> value;  // Nothing: remove it.
  std::int64_t expected = 0;         // The revision that is there; 0: none.
};

// A record that is not changed but must not have changed either.
struct RecordGuard {
  std::string key;
  std::int64_t expected = 0;
};

struct Proposal {
  std::vector<RecordChange> changes = {};
  std::vector<RecordGuard> guards = {};
  std::function<Json(const State& after)> then = {};
  // Told whether the changes were made, when the state shows it: where the answer was lost, later
  // than the client hears of that.
  std::function<void(bool made)> settled = {};
  // More changes than one transaction takes: call the action again after these.
  bool again = false;

  template <typename T>
  void put(std::string key, const T& record, std::int64_t expected) {
    changes.push_back({std::move(key), to_text(record), expected});
  }
  void remove(std::string key, std::int64_t expected) {
    changes.push_back({std::move(key), std::nullopt, expected});
  }
  void guard(std::string key, std::int64_t expected) {
    guards.push_back({std::move(key), expected});
  }
};

// How many changes an action may propose at once, with room for guards.
inline constexpr size_t kMaxChanges = 100;

struct Outcome {
  Json answer = {};
  std::optional<Proposal> proposal = {};
  std::optional<Json> refusal = {};  // Of an error that says more than its name and a message.
};

inline Outcome answer(Json json) { return Outcome{.answer = std::move(json)}; }
inline Outcome refuse(Json body) { return Outcome{.refusal = std::move(body)}; }
inline Outcome propose(Proposal proposal) { return Outcome{.proposal = std::move(proposal)}; }

}  // namespace ikada
