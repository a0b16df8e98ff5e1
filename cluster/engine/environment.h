// Environment variables as NAME=VALUE, where each name stands once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ikada {

class Environment {
 public:
  Environment() = default;
  explicit Environment(const std::vector<std::string>& assignments);

  // A name that is there already keeps its place and gets the new value.
  void set(std::string assignment);

  bool has(std::string_view name) const;

  // In the order in which the names came.
  std::vector<std::string> take() && { return std::move(assignments_); }

 private:
  std::vector<std::string> assignments_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace ikada
