#include "image/dockerfile/ignore_patterns.h"

#include <span>

#include "runtime/base/text.h"

namespace ikada {
namespace {

// The part of a pattern that fits one character: its size and whether it fits `c`. Size 0: wrong.
struct OneMatch {
  size_t size = 0;
  bool fits = false;
};

OneMatch match_bracket(std::string_view pattern, char c) {
  size_t i = 1;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool fits = false;
  bool first = true;
  for (; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return {.size = i + 1, .fits = fits != negated};
    const auto read = [&](char& out) {
      if (i < pattern.size() && pattern[i] == '\\') ++i;
      if (i >= pattern.size()) return false;
      out = pattern[i++];
      return true;
    };
    char low = '\0';
    if (!read(low)) break;
    char high = low;
    if (i < pattern.size() && pattern[i] == '-') {
      ++i;
      if (!read(high)) break;
    }
    const auto value = static_cast<unsigned char>(c);
    fits = fits ||
           (static_cast<unsigned char>(low) <= value && value <= static_cast<unsigned char>(high));
  }
  return {};
}

OneMatch match_one(std::string_view pattern, char c) {
  switch (pattern[0]) {
    case '?':
      return {.size = 1, .fits = true};
    case '[':
      return match_bracket(pattern, c);
    case '\\':
      if (pattern.size() < 2) return {};
      return {.size = 2, .fits = pattern[1] == c};
    default:
      return {.size = 1, .fits = pattern[0] == c};
  }
}

// Whether the pattern's parts fit the path's, or a directory above it.
bool match_parts(std::span<const std::string> pattern, std::span<const std::string_view> path) {
  if (pattern.empty()) return true;  // The rest is below what was named.
  if (pattern[0] == "**") {
    if (pattern.size() == 1) return !path.empty();
    for (size_t skip = 0; skip <= path.size(); ++skip) {
      if (match_parts(pattern.subspan(1), path.subspan(skip))) return true;
    }
    return false;
  }
  if (path.empty() || !matches_file_pattern(pattern[0], path[0])) return false;
  return match_parts(pattern.subspan(1), path.subspan(1));
}

}  // namespace

bool matches_file_pattern(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    if (p < pattern.size()) {
      const OneMatch match = match_one(pattern.substr(p), name[n]);
      if (match.size == 0) return false;
      if (match.fits) {
        p += match.size;
        ++n;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    n = ++star_name;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_file_pattern(std::string_view pattern) {
  while (!pattern.empty()) {
    const size_t size = pattern[0] == '*' ? 1 : match_one(pattern, 'x').size;
    if (size == 0) return false;
    pattern.remove_prefix(size);
  }
  return true;
}

Result<IgnorePatterns> IgnorePatterns::parse(std::string_view text) {
  IgnorePatterns result;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.starts_with('#')) continue;
    line = trim(line);
    Pattern pattern;
    if (line.starts_with('!')) {
      pattern.negated = true;
      line = trim(line.substr(1));
      if (line.empty()) {
        return make_error(ErrorKind::kInvalid, "{}: illegal exclusion pattern: \"!\"", number);
      }
    }
    for (const std::string_view part : split(line, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (!pattern.parts.empty()) pattern.parts.pop_back();
        continue;
      }
      if (!is_file_pattern(part)) {
        return make_error(ErrorKind::kInvalid, "{}: syntax error in pattern {}", number, line);
      }
      pattern.parts.emplace_back(part);
    }
    if (!pattern.parts.empty()) result.patterns_.push_back(std::move(pattern));
  }
  return result;
}

bool IgnorePatterns::ignores(std::string_view path) const {
  if (patterns_.empty()) return false;
  const std::vector<std::string_view> parts = split(path, '/');
  bool ignored = false;
  for (const Pattern& pattern : patterns_) {
    if (pattern.negated == ignored && match_parts(pattern.parts, parts)) ignored = !pattern.negated;
  }
  return ignored;
}

bool IgnorePatterns::ignores_all_below(std::string_view path) const {
  const std::vector<std::string_view> directory = split(path, '/');
  for (const Pattern& pattern : patterns_) {
    if (!pattern.negated) continue;
    // It could fit something below if each part that both have fits, or it begins anywhere.
    size_t i = 0;
    while (i < directory.size() && i < pattern.parts.size() && pattern.parts[i] != "**" &&
           matches_file_pattern(pattern.parts[i], directory[i])) {
      ++i;
    }
    const bool apart = i < directory.size() && i < pattern.parts.size() && pattern.parts[i] != "**";
    if (!apart) return false;
  }
  return true;
}

}  // namespace ikada
