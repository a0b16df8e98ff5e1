// Where a command writes an archive: a file that appears whole, or stdout. What is there already
// and is no regular file, a device or a link, is written to, not replaced.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class OutputFile {
 public:
  // `path` empty: stdout. kInvalid in docker's words if that is a terminal.
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // Without finish() the file is as it was.
  ~OutputFile();

  Result<void> write(std::string_view bytes);

  Result<void> finish();

 private:
  OutputFile(std::string path, std::string temporary, UniqueFd fd);
  Result<void> flush();

  std::string path_;
  std::string temporary_;  // Empty for stdout and what is no regular file.
  UniqueFd fd_;            // Empty for stdout.
  std::string buffer_;     // Small pieces wait for company.
};

}  // namespace ikada
