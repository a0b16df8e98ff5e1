// The tests' program is also the process in which its layers are unpacked.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "image/unpack_child.h"

int main(int argc, char** argv) {
  if (ikada::is_unpack_child(argc, argv)) return ikada::run_unpack_child(argc, argv);
  return doctest::Context(argc, argv).run();
}
