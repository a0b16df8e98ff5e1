#include "runtime/monitor/log_line.h"

namespace ikada {
namespace {

constexpr std::string_view kStdoutWord = "stdout";
constexpr std::string_view kStderrWord = "stderr";

// The text before the next space; `line` is left behind it. Nullopt without a space.
std::optional<std::string_view> take_word(std::string_view& line) {
  const size_t end = line.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end + 1);
  return word;
}

}  // namespace

void append_log_line(std::string& out, const LogLine& line) {
  append_log_line(out, format_rfc3339(line.time), line);
}

void append_log_line(std::string& out, std::string_view time_text, const LogLine& line) {
  out += time_text;
  out += ' ';
  out += line.stream == LogStream::kStdout ? kStdoutWord : kStderrWord;
  out += line.partial ? " P " : " F ";
  out += line.text;
  out += '\n';
}

std::optional<LogLine> parse_log_line(std::string_view line) {
  const std::optional<std::string_view> time = take_word(line);
  if (!time.has_value()) return std::nullopt;
  const std::optional<std::string_view> stream = take_word(line);
  if (!stream.has_value()) return std::nullopt;
  const std::optional<std::string_view> tag = take_word(line);
  if (!tag.has_value()) return std::nullopt;

  LogLine parsed;
  const Result<UnixNanos> parsed_time = parse_rfc3339(*time);
  if (!parsed_time.has_value()) return std::nullopt;
  parsed.time = *parsed_time;
  if (*stream != kStdoutWord && *stream != kStderrWord) return std::nullopt;
  parsed.stream = *stream == kStdoutWord ? LogStream::kStdout : LogStream::kStderr;
  if (*tag != "F" && *tag != "P") return std::nullopt;
  parsed.partial = *tag == "P";
  parsed.text = line;
  return parsed;
}

}  // namespace ikada
