#include "cluster/daemon/stream_order.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ikada {
namespace {

constexpr size_t kContainerIdLength = 64;

struct OrderOption {
  std::string_view name;
  bool has_value = false;
};

constexpr std::array<OrderOption, 5> kExecOptions = {OrderOption{"--interactive"},
                                                     {"--tty"},
                                                     {"--env", true},
                                                     {"--user", true},
                                                     {"--workdir", true}};
constexpr std::array<OrderOption, 5> kLogsOptions = {OrderOption{"--follow"},
                                                     {"--timestamps"},
                                                     {"--since", true},
                                                     {"--until", true},
                                                     {"--tail", true}};

Result<void> check_log_question(const StreamOrder& order) {
  constexpr size_t kWords = 3;
  const std::vector<std::string>& words = order.words;
  const bool is_one = words.size() == kWords && !order.has_stdin && !order.has_terminal &&
                      (words[1] == "events" || words[1] == "streams" || words[1] == "delete") &&
                      words[2].starts_with("{") && words[2].find('\0') == std::string::npos;
  if (is_one) return {};
  return make_error(ErrorKind::kInvalid, "expected a question to the log store");
}

bool is_container_id(std::string_view word) {
  return word.size() == kContainerIdLength &&
         word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<std::string> find_ordered_container(const std::vector<std::string>& words) {
  if (words.empty() || (words[0] != "logs" && words[0] != "exec")) {
    return make_error(ErrorKind::kInvalid, "only logs and exec are streamed");
  }
  const bool is_exec = words[0] == "exec";
  const auto& options = is_exec ? kExecOptions : kLogsOptions;
  size_t at = 1;
  while (at < words.size() && words[at].starts_with("-")) {
    const auto* const option = std::ranges::find(options, words[at], &OrderOption::name);
    if (option == options.end()) {
      return make_error(ErrorKind::kInvalid, "{} {} is not streamed", words[0], words[at]);
    }
    // A value that looks like an option may be taken for one.
    if (option->has_value && at + 1 < words.size() && words[at + 1].starts_with("-")) {
      return make_error(ErrorKind::kInvalid, "{} of {} is not streamed", words[at + 1], words[at]);
    }
    at += option->has_value ? 2 : 1;
  }
  // A NUL would end the word early for the program, not for whoever checks it.
  const bool has_nul = std::ranges::any_of(
      words, [](const std::string& word) { return word.find('\0') != std::string::npos; });
  const size_t least = is_exec ? 2 : 1;
  const size_t rest = at < words.size() ? words.size() - at : 0;
  if (has_nul || rest < least || (!is_exec && rest > 1) || !is_container_id(words[at])) {
    return make_error(ErrorKind::kInvalid, "expected {} of one container, by its id", words[0]);
  }
  return words[at];
}

Json to_json(const StreamOrder& order) {
  return {{"words", order.words}, {"stdin", order.has_stdin}, {"terminal", order.has_terminal}};
}

Result<StreamOrder> parse_stream_order(const Json& json) {
  StreamOrder order;
  JsonReader reader(json, "stream");
  reader.read("words", order.words);
  reader.read("stdin", order.has_stdin);
  reader.read("terminal", order.has_terminal);
  IK_TRY(reader.done());
  if (order.is_log_question()) {
    IK_TRY(check_log_question(order));
    return order;
  }
  IK_TRY(find_ordered_container(order.words));
  return order;
}

Json shown_words(const StreamOrder& order) {
  Json words = Json::array();
  bool is_variable = false;
  for (const std::string& each : order.words) {
    words.push_back(is_variable ? each.substr(0, each.find('=')) : each);
    is_variable = each == "--env" && !is_variable;
  }
  return words;
}

}  // namespace ikada
