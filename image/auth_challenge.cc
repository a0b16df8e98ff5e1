#include "image/auth_challenge.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxChallenges = 10;
constexpr size_t kMaxParameters = 20;

bool is_token_character(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip_spaces() { skip(" \t"); }
  void skip_commas() { skip(" \t,"); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string take_token() {
    const auto* const end = std::ranges::find_if_not(rest_, is_token_character);
    const auto size = static_cast<size_t>(end - rest_.begin());
    std::string token(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return token;
  }

  // A token, or a string in quotes; false if the quotes are not closed.
  bool take_value(std::string& value) {
    if (!take('"')) {
      value = take_token();
      return !value.empty();
    }
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      value += c;
    }
    return false;
  }

  // "name=" is next, so that it is a parameter and not another scheme.
  bool parameter_is_next() const {
    Reader ahead = *this;
    if (ahead.take_token().empty()) return false;
    ahead.skip_spaces();
    return ahead.take('=');
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }

  std::string_view rest_;
};

// False at a mistake.
bool read_parameters(Reader& reader, AuthChallenge& challenge) {
  while (true) {
    reader.skip_commas();
    if (!reader.parameter_is_next()) return true;
    const std::string name = lower_case(reader.take_token());
    reader.skip_spaces();
    reader.take('=');
    reader.skip_spaces();
    std::string value;
    if (!reader.take_value(value) || challenge.parameters.size() == kMaxParameters) return false;
    challenge.parameters.emplace(name, std::move(value));
  }
}

}  // namespace

std::vector<AuthChallenge> parse_auth_challenges(std::string_view value) {
  std::vector<AuthChallenge> challenges;
  Reader reader(value);
  reader.skip_commas();
  while (!reader.at_end() && challenges.size() < kMaxChallenges) {
    AuthChallenge challenge{.scheme = lower_case(reader.take_token()), .parameters = {}};
    if (challenge.scheme.empty() || !read_parameters(reader, challenge)) break;
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

}  // namespace ikada
