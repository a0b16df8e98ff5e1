// Makes tars byte by byte, also those no tar program would write.
//
// Source: POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ikada {

struct TarItem {
  std::string name = {};
  char type = '0';  // '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' dir, '6' fifo.
  std::string content = {};
  std::string link = {};
  unsigned mode = 0644;
  unsigned uid = 0;
  unsigned gid = 0;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  std::int64_t mtime = 1'000'000'000;
  std::map<std::string, std::string> pax = {};  // Records of an extended header in front.
  std::string size_field = {};                  // Instead of the content's size, 12 bytes.
  std::string prefix = {};                      // Of ustar, in front of the name.
};

TarItem make_file(std::string_view name, std::string_view content = "x");
TarItem make_directory(std::string_view name);
TarItem make_symlink(std::string_view name, std::string_view target);
TarItem make_hard_link(std::string_view name, std::string_view target);
TarItem make_node(std::string_view name, char type, unsigned major, unsigned minor);

// Header, content and padding of one item. Names over 100 bytes become PAX records.
std::string make_tar_item(const TarItem& item);

// All items and the end of the archive.
std::string make_tar(const std::vector<TarItem>& items);

// An archive of items that are bytes already.
std::string make_tar_of_bytes(const std::string& items);

}  // namespace ikada
