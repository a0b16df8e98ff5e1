// A process that commits to an SQLite store until it is killed, and says what was acknowledged.
#pragma once

#include <string>

namespace ikada {

// Of the program that has it: `PROGRAM --crash-writer PATH` becomes the process.
inline constexpr const char* kCrashWriterWord = "--crash-writer";

// Its key for the n-th commit of a thread; each commit puts it together with its pair.
std::string crash_key(int thread, int number);
std::string crash_pair(int thread, int number);

// Commits from several threads; after each answer writes the line "THREAD NUMBER\n" to stdout.
int run_crash_writer(const std::string& path);

}  // namespace ikada
