using System.CommandLine;
using System.CommandLine.Parsing;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>Options that several commands share, and how options of a kind are made.</summary>
internal static class CommonOptions
{
    public static Option<string> Data { get; } = new("--data")
    {
        Description = "Which system: the folder that holds its data.",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => SystemFiles.UsualFolder,
        Validators = { RefuseEmpty },
    };

    public static Option<bool> Json { get; } = Flag("--json", "Answer with one JSON object on standard output.");

    /// <summary>An option without a value. (The parser would otherwise take a following 'true' for its value.)</summary>
    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>A whole number within limits.</summary>
    public static Option<long> Number(string name, string description, long min, long max, long usual) => new(name)
    {
        Description = $"{description} {min:N0} to {max:N0}.",
        HelpName = "N",
        DefaultValueFactory = _ => usual,
        CustomParser = result => Parse(result, name, min, max),
    };

    /// <summary>A whole number within limits that stands without a name.</summary>
    public static Argument<long> NumberArgument(string name, string description, long min, long max) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, name, min, max),
    };

    /// <summary>A whole number that is chosen anew when it's left out.</summary>
    public static Option<long?> AnyNumber(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse(result, name, long.MinValue, long.MaxValue),
    };

    /// <summary>A time in seconds.</summary>
    public static Option<long> Timeout(string description, long max, long usual) =>
        Number("--timeout", $"{description} In seconds,", 1, max, usual);

    public static TimeSpan GetSeconds(this ParseResult line, Option<long> option) => TimeSpan.FromSeconds(line.GetValue(option));

    /// <summary>Whether the option stands on the command line.</summary>
    public static bool Has(this ParseResult line, Option option) => line.GetResult(option) is { Implicit: false };

    private static long Parse(ArgumentResult result, string name, long min, long max)
    {
        var text = result.Tokens[^1].Value;
        if (long.TryParse(text, out var number) && number >= min && number <= max)
        {
            return number;
        }

        result.AddError($"{name} is '{text}', but it must be a whole number from {min} to {max}.");
        return 0;
    }

    /// <summary>An empty value is most likely a variable of a script that isn't set; taking it for "not given" would do something else than was meant.</summary>
    public static void RefuseEmpty(OptionResult result)
    {
        if (result.Tokens is [{ Value: "" }])
        {
            result.AddError($"{result.Option.Name} is empty, but it must have a value.");
        }
    }
}
