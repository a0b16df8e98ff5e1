// What a manager may have run on another host: `ikada logs` or `ikada exec` of one container, with
// the few options that `ikada task` hands on; or `ikada log-store`, a question to that host's log
// store. Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr const char* kLogStoreWord = "log-store";

struct StreamOrder {
  std::vector<std::string> words = {};  // "exec", "--tty", …, as of the ikada command.
  bool has_stdin = false;
  bool has_terminal = false;

  bool is_log_question() const { return !words.empty() && words.front() == kLogStoreWord; }
  // Whether it may change something.
  bool is_change() const { return is_exec() || (is_log_question() && words[1] == "delete"); }
  bool is_exec() const { return !words.empty() && words.front() == "exec"; }
};

Json to_json(const StreamOrder& order);
// kInvalid for what is neither a log question nor taken by find_ordered_container().
Result<StreamOrder> parse_stream_order(const Json& json);

// The id of the container in "logs OPTIONS ID" or "exec OPTIONS ID COMMAND…". kInvalid for any
// other command, for any other option (a file of this host, all capabilities), and for names.
Result<std::string> find_ordered_container(const std::vector<std::string>& words);

// The words for the audit log: without the values of variables.
Json shown_words(const StreamOrder& order);

}  // namespace ikada
