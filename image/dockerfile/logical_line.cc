#include "image/dockerfile/logical_line.h"

#include <algorithm>
#include <cctype>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxDockerfileBytes = size_t{1} << 20;
constexpr size_t kMaxLines = 50'000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

Error at_line(int number, std::string_view what) {
  return make_error(ErrorKind::kInvalid, "{}: {}", number, what);
}

// True if the line goes on: it ends with one escape character, blanks behind it not counted.
bool strip_continuation(std::string& line, char escape) {
  size_t end = line.size();
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  if (end == 0 || line[end - 1] != escape) return false;
  if (end >= 2 && line[end - 2] == escape) return false;
  line.resize(end - 1);
  return true;
}

class LineSplitter {
 public:
  explicit LineSplitter(std::string_view text) : lines_(split(text, '\n')) {
    if (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
  }

  Result<LogicalLines> run() {
    if (lines_.size() > kMaxLines) return at_line(static_cast<int>(kMaxLines), "too many lines");
    IK_TRY(read_directives());
    while (next_ < lines_.size()) IK_TRY(read_instruction());
    return std::move(result_);
  }

 private:
  std::string_view physical_line(size_t index) const {
    std::string_view line = lines_[index];
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  Result<void> read_directives() {
    bool has_escape = false;
    for (; next_ < lines_.size(); ++next_) {
      std::string_view line = trim(physical_line(next_));
      if (!line.starts_with('#')) return {};
      line = trim(line.substr(1));
      const Cut parts = cut(line, '=');
      const std::string name = lower_case(trim(parts.before));
      if (!parts.found || (name != "escape" && name != "syntax" && name != "check")) return {};
      if (name != "escape") continue;
      const int number = static_cast<int>(next_) + 1;
      if (has_escape) return at_line(number, "only one escape parser directive can be used");
      const std::string_view value = trim(parts.after);
      if (value != "\\" && value != "`") {
        return at_line(number, "invalid ESCAPE '" + std::string(value) + "': must be ` or \\");
      }
      result_.escape = value[0];
      has_escape = true;
    }
    return {};
  }

  Result<void> read_instruction() {
    const int number = static_cast<int>(next_) + 1;
    std::string text;
    bool goes_on = true;
    bool started = false;
    while (goes_on && next_ < lines_.size()) {
      std::string_view raw = physical_line(next_++);
      const std::string_view trimmed = trim(raw);
      // Comments and empty lines between continued lines are not there.
      if (trimmed.starts_with('#') || trimmed.empty()) {
        if (!started) return {};
        continue;
      }
      std::string line(started ? raw : trimmed);
      goes_on = strip_continuation(line, result_.escape);
      text += line;
      started = true;
    }
    const std::string_view whole = trim(text);
    if (whole.empty()) return {};
    const size_t space =
        static_cast<size_t>(std::find_if(whole.begin(), whole.end(), is_blank) - whole.begin());
    LogicalLine line{.number = number,
                     .keyword = upper_case(whole.substr(0, space)),
                     .rest = std::string(trim(whole.substr(space))),
                     .heredocs = {}};
    IK_TRY(read_heredocs(line));
    result_.lines.push_back(std::move(line));
    return {};
  }

  Result<void> read_heredocs(LogicalLine& line) {
    std::string_view rest = line.rest;
    std::string keyword = line.keyword;
    if (keyword == "ONBUILD") {
      const size_t space =
          static_cast<size_t>(std::find_if(rest.begin(), rest.end(), is_blank) - rest.begin());
      keyword = upper_case(rest.substr(0, space));
      rest = trim(rest.substr(space));
    }
    if (keyword != "RUN" && keyword != "COPY" && keyword != "ADD") return {};
    if (rest.find("<<") == std::string_view::npos || rest.starts_with('[')) return {};
    for (const std::string& word : split_raw_words(rest, result_.escape)) {
      HeredocMark mark;
      if (!parse_heredoc_mark(word, mark)) continue;
      IK_TRY(read_heredoc(line, mark));
    }
    return {};
  }

  Result<void> read_heredoc(LogicalLine& line, const HeredocMark& mark) {
    Heredoc heredoc{.name = mark.name, .content = {}, .expands = !mark.quoted};
    while (next_ < lines_.size()) {
      std::string_view raw = lines_[next_++];
      if (mark.strips_tabs) raw.remove_prefix(std::min(raw.find_first_not_of('\t'), raw.size()));
      if (raw == mark.name || (raw.ends_with('\r') && raw.substr(0, raw.size() - 1) == mark.name)) {
        line.heredocs.push_back(std::move(heredoc));
        return {};
      }
      heredoc.content += raw;
      heredoc.content += '\n';
    }
    return at_line(line.number, line.keyword + ": unterminated heredoc " + mark.name);
  }

  std::vector<std::string_view> lines_;
  size_t next_ = 0;
  LogicalLines result_;
};

}  // namespace

bool parse_heredoc_mark(std::string_view word, HeredocMark& mark) {
  size_t at = 0;
  while (at < word.size() && word[at] >= '0' && word[at] <= '9') ++at;
  if (!word.substr(at).starts_with("<<")) return false;
  at += 2;
  mark.strips_tabs = at < word.size() && word[at] == '-';
  if (mark.strips_tabs) ++at;
  std::string_view name = word.substr(at);
  mark.quoted = name.size() >= 2 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0];
  if (mark.quoted) name = name.substr(1, name.size() - 2);
  const bool named =
      !name.empty() && (is_letter(name[0]) || name[0] == '_') &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter(c) || c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9');
      });
  mark.name = name;
  return named;
}

std::vector<std::string> split_raw_words(std::string_view text, char escape) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && (is_blank(c) || c == '\n')) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
      continue;
    }
    in_word = true;
    word += c;
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

Result<LogicalLines> split_logical_lines(std::string_view text) {
  if (text.size() > kMaxDockerfileBytes) return at_line(1, "larger than 1 MiB");
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto newlines = std::count(text.begin(), text.begin() + static_cast<long>(nul), '\n');
    return at_line(static_cast<int>(newlines) + 1, "a NUL byte");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return LineSplitter(text).run();
}

}  // namespace ikada
