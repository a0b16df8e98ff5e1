#include "cluster/loadbalancing/routing.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/loadbalancing/rule_actions.h"
#include "cluster/loadbalancing/rule_conditions.h"

namespace ikada {
namespace {

using Lines = std::vector<std::string>;

void append(Lines& to, const Lines& more) { to.insert(to.end(), more.begin(), more.end()); }

// A rule that some request can meet.
struct Choice {
  const ListenerRule& rule;
  int number = 0;              // Its place, from 1.
  Lines lists = {};            // Access lists of its conditions.
  std::string condition = {};  // Their names, each after a space.
};

std::vector<Choice> choices_of(const PlannedListener& listener) {
  std::vector<Choice> choices;
  int number = 0;
  for (const ListenerRule* rule : rules_by_priority(listener)) {
    Choice choice = {.rule = *rule, .number = ++number};
    bool is_possible = !rule->conditions.empty();
    for (const RuleCondition& part : rule->conditions) {
      const std::string name = fmt::format("r{}.{}", number, &part - rule->conditions.data());
      const Lines alternatives = condition_lines(name, part);
      if (alternatives.empty()) is_possible = false;
      append(choice.lists, alternatives);
      choice.condition += " " + name;
    }
    if (is_possible) choices.push_back(std::move(choice));
  }
  return choices;
}

// Each rule that fits names its backend; the first one counts.
Lines direct_lines(const std::vector<Choice>& choices,
                   const PlannedListener& listener,
                   const std::set<std::string>& groups) {
  Lines lines;
  for (const Choice& choice : choices) {
    const std::string group = only_group(choice.rule.actions, groups);
    append(lines, choice.lists);
    lines.push_back(fmt::format("use_backend {} if {{ nbsrv({}) eq 0 }}{}",
                                open_section(group),
                                group_section(group),
                                choice.condition));
    lines.push_back(fmt::format("use_backend {} if{}", group_section(group), choice.condition));
  }
  append(lines, default_backend_lines(only_group(listener.default_actions, groups)));
  return lines;
}

// The first rule that fits leaves its number in txn.rule; without one it is the default, 0.
Lines chosen_lines(const std::vector<Choice>& choices,
                   const PlannedListener& listener,
                   const std::set<std::string>& groups) {
  Lines lines;
  Lines actions;
  for (const Choice& choice : choices) {
    append(lines, choice.lists);
    lines.push_back(
        fmt::format("http-request set-var(txn.rule) int({}) if !{{ var(txn.rule) -m found }}{}",
                    choice.number,
                    choice.condition));
    append(
        actions,
        action_lines(choice.rule.actions,
                     {.listener = listener,
                      .groups = groups,
                      .condition = fmt::format("{{ var(txn.rule) -m int {} }}", choice.number)}));
  }
  const bool has_rules = !choices.empty();
  if (has_rules) {
    lines.emplace_back("http-request set-var(txn.rule) int(0) if !{ var(txn.rule) -m found }");
  }
  append(lines, actions);
  append(lines,
         action_lines(listener.default_actions,
                      {.listener = listener,
                       .groups = groups,
                       .condition = has_rules ? "{ var(txn.rule) -m int 0 }" : ""}));
  const std::set<std::string> used = used_groups(listener, groups);
  for (const std::string& group : used) {
    lines.push_back(
        fmt::format("use_backend {} if {{ var(txn.group) -m str {} }} "
                    "{{ nbsrv({}) eq 0 }}",
                    open_section(group),
                    group_section(group),
                    group_section(group)));
  }
  if (!used.empty()) lines.emplace_back("use_backend %[var(txn.group)]");
  return lines;
}

}  // namespace

std::vector<std::string> routing_lines(const PlannedListener& listener,
                                       const std::set<std::string>& groups) {
  const std::vector<Choice> choices = choices_of(listener);
  const auto is_direct = [&](const std::vector<ListenerAction>& actions) {
    return !only_group(actions, groups).empty();
  };
  const bool is_rule_logged = !choices.empty() && !listener.log_group.empty();
  const bool are_direct = is_direct(listener.default_actions) &&
                          std::all_of(choices.begin(), choices.end(), [&](const Choice& choice) {
                            return is_direct(choice.rule.actions);
                          });
  return are_direct && !is_rule_logged ? direct_lines(choices, listener, groups)
                                       : chosen_lines(choices, listener, groups);
}

std::set<std::string> used_groups(const PlannedListener& listener,
                                  const std::set<std::string>& groups) {
  Lines names = forwarded_groups(listener.default_actions);
  for (const ListenerRule& rule : listener.rules) append(names, forwarded_groups(rule.actions));
  std::set<std::string> used;
  for (const std::string& name : names) {
    if (groups.contains(name)) used.insert(name);
  }
  return used;
}

std::string only_group(const std::vector<ListenerAction>& actions,
                       const std::set<std::string>& groups) {
  const Lines names = forwarded_groups(actions);
  const bool is_only = names.size() == 1 && actions.size() == 1 && groups.contains(names.front());
  return is_only ? names.front() : "";
}

std::vector<std::string> default_backend_lines(const std::string& group) {
  return {fmt::format(
              "use_backend {} if {{ nbsrv({}) eq 0 }}", open_section(group), group_section(group)),
          "default_backend " + group_section(group)};
}

}  // namespace ikada
