// Reading config.json's texts so that they can become C strings: none may hold a NUL byte.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/spec/config.h"

namespace ikada {

void read_text(JsonReader& reader, std::string_view key, std::string& out);
void read_texts(JsonReader& reader, std::string_view key, std::vector<std::string>& out);
void read_texts(JsonReader& reader, std::string_view key, std::map<std::string, std::string>& out);

// Like read_text, and the text must begin with '/'.
void read_absolute_path(JsonReader& reader, std::string_view key, std::string& out);
void read_absolute_paths(JsonReader& reader, std::string_view key, std::vector<std::string>& out);

void read_process(JsonReader& reader, OciProcess& process);
void read_linux(JsonReader& reader, OciLinux& linux_part);

}  // namespace ikada
