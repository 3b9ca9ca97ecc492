using System.CommandLine;
using System.CommandLine.Parsing;

namespace Tally.AppHost.Commands;

/// <summary>Says what is wrong with a command line, in words that name the option, the value and what is allowed.</summary>
internal static class UsageProblem
{
    /// <summary>The problem, or null when there is none.</summary>
    public static string? Of(ParseResult line) =>
        MistakenCommand(line) is { } command ? $"'{command}' is not a command. {Commands(line)}"
        : MistakenOption(line) is { } option ? $"{option} is not an option of '{NameOf(line)}'.{Advice(line)}"
        : line.Errors.Count == 0 ? null
        : line.CommandResult.Command.Subcommands.Count > 0 && line.UnmatchedTokens is [] ? $"Say what to do. {Commands(line)}"
        : line.UnmatchedTokens is [var surplus, ..] ? $"'{surplus}' is one argument too many for '{NameOf(line)}'.{Advice(line)}"
        : $"{Words(line.Errors[0])}{Advice(line)}";

    /// <summary>A word where a command should be; what follows it can't be judged then.</summary>
    private static string? MistakenCommand(ParseResult line) =>
        line.CommandResult.Command.Subcommands.Count > 0 ? line.UnmatchedTokens.FirstOrDefault(word => !word.StartsWith('-')) : null;

    /// <summary>
    /// What looks like an option, and is none. The parser takes it for an argument while one is missing, which is right for numbers below zero:
    /// hence only what begins with '--' and a letter, or with '-' and a letter where nothing else can be meant.
    /// </summary>
    private static string? MistakenOption(ParseResult line)
    {
        var words = line.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Where(token => token.Type == TokenType.Argument)
            .Select(token => token.Value)
            .Where(word => line.UnmatchedTokens.Contains(word) || line.CommandResult.Children.OfType<ArgumentResult>().Any(Took(word)));
        return words.FirstOrDefault(word => word is ['-', '-', var letter, ..] && char.IsLetter(letter))
            ?? (line.UnmatchedTokens.Count == 0 ? null : words.FirstOrDefault(word => word is ['-', var first, ..] && char.IsLetter(first)));

        static Func<ArgumentResult, bool> Took(string word) => result => result.Tokens.Any(token => token.Value == word);
    }

    private static string Words(ParseError error) => error.SymbolResult switch
    {
        ArgumentResult { Tokens: [], Argument: var argument } => $"{argument.Name} is missing.",
        OptionResult { Tokens: [], Option: var option } => $"{option.Name} needs a value.",
        OptionResult { Tokens.Count: > 1, Option: var option } => $"{option.Name} is there more than once.",
        _ => error.Message,
    };

    private static string NameOf(ParseResult line) => line.CommandResult.Command is RootCommand ? "tally" : Path(line).Trim();

    /// <summary>The command's name behind those of the groups it is in, each with a blank before it; nothing for the program itself.</summary>
    private static string Path(ParseResult line)
    {
        var path = "";
        for (var at = line.CommandResult; at?.Command is not (null or RootCommand); at = at.Parent as CommandResult)
        {
            path = $" {at.Command.Name}{path}";
        }

        return path;
    }

    private static string Advice(ParseResult line) => $" See ./tally{Path(line)} --help";

    private static string Commands(ParseResult line) =>
        $"Commands: {string.Join(", ", line.CommandResult.Command.Subcommands.Select(command => command.Name))}.{Advice(line)}";
}
