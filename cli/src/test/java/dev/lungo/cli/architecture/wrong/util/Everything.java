package dev.lungo.cli.architecture.wrong.util;

/// Breaks two rules: its package is not in the table, and its name says nothing.
public interface Everything {}
