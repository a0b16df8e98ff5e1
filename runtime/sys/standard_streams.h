// stdin, stdout and stderr of our own process.
//
// Source: open(2): the lowest free number is taken.
#pragma once

namespace ikada {

// Opens /dev/null in place of those that were closed when this program was started, so that no
// other file takes their numbers and is read or written for them. First thing in main().
void open_missing_streams();

}  // namespace ikada
