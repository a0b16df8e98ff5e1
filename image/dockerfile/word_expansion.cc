#include "image/dockerfile/word_expansion.h"

#include <algorithm>

namespace ikada {
namespace {

constexpr size_t kMaxExpandedBytes = size_t{4} << 20;
constexpr int kMaxDepth = 20;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_char(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

Error invalid_word(std::string_view text, std::string_view why) {
  return make_error(ErrorKind::kInvalid, "{}: {}", text, why);
}

// One pass over a text. Quotes mean something or not; words are split or not.
class Expander {
 public:
  Expander(std::string_view text, const WordExpansion& expansion, bool quotes, bool splits)
      : text_(text), expansion_(expansion), quotes_(quotes), splits_(splits) {}

  Result<void> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (quotes_ && c == '\'') {
        IK_TRY(single_quoted());
      } else if (quotes_ && c == '"') {
        IK_TRY(double_quoted());
      } else if (c == '$') {
        IK_LET(value, dollar());
        add_expanded(value);
      } else if (c == expansion_.escape) {
        escaped();
      } else {
        ++at_;
        add(c);
      }
      if (size_ > kMaxExpandedBytes) return invalid_word("variables", "expand to more than 4 MiB");
    }
    if (in_word_) words_.push_back(std::move(word_));
    return {};
  }

  std::vector<std::string> take() { return std::move(words_); }

  static Result<std::string> one(std::string_view text,
                                 const WordExpansion& expansion,
                                 bool quotes,
                                 int depth) {
    Expander expander(text, expansion, quotes, false);
    expander.depth_ = depth;
    IK_TRY(expander.run());
    std::vector<std::string> words = expander.take();
    return words.empty() ? std::string() : std::move(words[0]);
  }

 private:
  void add(char c) {
    if (splits_ && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word_) words_.push_back(std::move(word_));
      word_.clear();
      in_word_ = false;
      return;
    }
    keep(c);
  }

  void keep(char c) {
    in_word_ = true;
    word_ += c;
    ++size_;
  }

  void add_expanded(const std::string& value) {
    for (const char c : value) add(c);
  }

  void escaped() {
    ++at_;
    // A text without quotes keeps all escapes but those of what it would expand.
    if (at_ == text_.size()) return keep(expansion_.escape);
    const char c = text_[at_++];
    if (!quotes_ && c != '$' && c != expansion_.escape) keep(expansion_.escape);
    keep(c);
  }

  Result<void> single_quoted() {
    in_word_ = true;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'') {
        ++at_;
        return {};
      }
      keep(text_[at_]);
    }
    return invalid_word(text_,
                        "unexpected end of statement while looking for matching single-quote");
  }

  Result<void> double_quoted() {
    in_word_ = true;
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '$') {
        IK_LET(value, dollar());
        for (const char each : value) keep(each);
        continue;
      }
      ++at_;
      if (c == expansion_.escape && at_ < text_.size()) {
        const char next = text_[at_++];
        if (next != '"' && next != '$' && next != expansion_.escape) keep(c);
        keep(next);
        continue;
      }
      keep(c);
    }
    return invalid_word(text_,
                        "unexpected end of statement while looking for matching double-quote");
  }

  std::string read_name() {
    const size_t start = at_;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    } else if (at_ < text_.size() &&
               (std::string_view("@*#?-$!").find(text_[at_]) != std::string_view::npos ||
                (text_[at_] >= '0' && text_[at_] <= '9'))) {
      ++at_;  // $1, $@ and so on are names of nothing here.
    }
    return std::string(text_.substr(start, at_ - start));
  }

  // At '$'; leaves at_ behind what it stood for.
  Result<std::string> dollar() {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '{') return braced();
    const std::string name = read_name();
    if (name.empty()) return std::string("$");
    return expansion_.find(name).value_or("");
  }

  // The text up to the brace that closes this one.
  Result<std::string> read_to_brace() {
    const size_t start = at_;
    int open = 1;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == expansion_.escape && at_ + 1 < text_.size()) {
        ++at_;
        continue;
      }
      if (text_[at_] == '{' && at_ > start && text_[at_ - 1] == '$') ++open;
      if (text_[at_] == '}' && --open == 0) {
        std::string inside(text_.substr(start, at_ - start));
        ++at_;
        return inside;
      }
    }
    return invalid_word(text_, "unexpected end of statement while looking for }");
  }

  Result<std::string> braced() {
    if (depth_ >= kMaxDepth) return invalid_word(text_, "nested too deep");
    ++at_;
    const std::string name = read_name();
    if (name.empty()) return invalid_word(text_, "bad substitution");
    IK_LET(rest, read_to_brace());
    const std::optional<std::string> value = expansion_.find(name);
    if (rest.empty()) return value.value_or("");
    const bool colon = rest[0] == ':';
    if (colon && rest.size() == 1)
      return invalid_word("${" + name + rest + "}", "unsupported modifier");
    const char how = rest[colon ? 1 : 0];
    const std::string_view argument = std::string_view(rest).substr(colon ? 2 : 1);
    const bool there = value.has_value() && !(colon && value->empty());
    switch (how) {
      case '-':
        if (there) return *value;
        return one(argument, expansion_, quotes_, depth_ + 1);
      case '+':
        if (!there) return std::string();
        return one(argument, expansion_, quotes_, depth_ + 1);
      case '?': {
        if (there) return *value;
        IK_LET(why, one(argument, expansion_, quotes_, depth_ + 1));
        return invalid_word(name, why.empty() ? "not allowed to be unset" : why);
      }
      default:
        break;
    }
    if (colon) return invalid_word("${" + name + rest + "}", "unsupported modifier");
    if (how == '#' || how == '%') {
      IK_LET(pattern, one(argument, expansion_, quotes_, depth_ + 1));
      return trim_value(value.value_or(""), how, pattern);
    }
    if (how == '/') return replace(value.value_or(""), argument);
    return invalid_word("${" + name + rest + "}", "unsupported modifier");
  }

  static std::string trim_value(const std::string& value, char side, std::string_view pattern) {
    const bool longest = pattern.starts_with(side);
    if (longest) pattern.remove_prefix(1);
    const size_t size = value.size();
    for (size_t i = 0; i <= size; ++i) {
      const size_t length = longest ? size - i : i;
      const std::string_view part = side == '#' ? std::string_view(value).substr(0, length)
                                                : std::string_view(value).substr(size - length);
      if (!matches_shell_pattern(pattern, part)) continue;
      return side == '#' ? value.substr(length) : value.substr(0, size - length);
    }
    return value;
  }

  // `argument` is "pattern/replacement", or "/pattern/replacement" for all matches.
  Result<std::string> replace(const std::string& value, std::string_view argument) {
    const bool all = argument.starts_with('/');
    if (all) argument.remove_prefix(1);
    size_t slash = 0;
    while (slash < argument.size() && argument[slash] != '/') {
      slash += argument[slash] == expansion_.escape ? 2 : 1;
    }
    slash = std::min(slash, argument.size());
    IK_LET(pattern, one(argument.substr(0, slash), expansion_, quotes_, depth_ + 1));
    const std::string_view rest = argument.substr(std::min(slash + 1, argument.size()));
    IK_LET(with, one(rest, expansion_, quotes_, depth_ + 1));
    return replace_value(value, pattern, with, all);
  }

  static std::string replace_value(const std::string& value,
                                   std::string_view pattern,
                                   std::string_view with,
                                   bool all) {
    if (pattern.empty()) return value;
    std::string result;
    size_t from = 0;
    while (from < value.size()) {
      size_t length = value.size() - from;
      while (length > 0 &&
             !matches_shell_pattern(pattern, std::string_view(value).substr(from, length))) {
        --length;
      }
      if (length == 0) {
        result += value[from++];
        continue;
      }
      result += with;
      from += length;
      if (!all) break;
    }
    return result + value.substr(from);
  }

  std::string_view text_;
  const WordExpansion& expansion_;
  bool quotes_;
  bool splits_;
  int depth_ = 0;
  size_t at_ = 0;
  size_t size_ = 0;
  bool in_word_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

}  // namespace

bool matches_shell_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    const bool literal = p + 1 < pattern.size() && pattern[p] == '\\';
    const size_t place = literal ? p + 1 : p;
    const bool any = !literal && p < pattern.size() && pattern[p] == '?';
    if (place < pattern.size() && (any || pattern[place] == text[t])) {
      p = place + 1;
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::string> expand_word(std::string_view text, const WordExpansion& expansion) {
  return Expander::one(text, expansion, true, 0);
}

Result<std::vector<std::string>> expand_words(std::string_view text,
                                              const WordExpansion& expansion) {
  Expander expander(text, expansion, true, true);
  IK_TRY(expander.run());
  return expander.take();
}

Result<std::string> expand_text(std::string_view text, const WordExpansion& expansion) {
  return Expander::one(text, expansion, false, 0);
}

}  // namespace ikada
