package dev.lungo.kernel.machine;

/// The general registers that a function may change without saving them, in the calling convention
/// of Unix for x86-64; the first argument arrives in [#RDI].
enum Register {
  RAX(0),
  RCX(1),
  RDX(2),
  RSI(6),
  RDI(7),
  R8(8),
  R9(9),
  R10(10),
  R11(11);

  private final int number;

  Register(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
