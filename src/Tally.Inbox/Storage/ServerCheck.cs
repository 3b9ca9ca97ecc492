using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>
/// Whether the server can be worked with, and keeps what it has confirmed. What is folded is confirmed to the outbox, which then drops it: a fold that is lost
/// after that can't come again.
/// </summary>
internal static class ServerCheck
{
    /// <summary>Looks at the server's settings.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="options">The schema, and whether it may be unsafe.</param>
    /// <returns>What is unsafe and was allowed; mostly nothing.</returns>
    /// <exception cref="OptionsValidationException">Each setting that is wrong, with its value and what is allowed.</exception>
    public static IReadOnlyList<string> Run(NpgsqlConnection connection, InboxOptions options)
    {
        var facts = Read(connection, options);
        var hazards = facts.FindUnsafe().ToList();

        // A right that is missing is waited for, and named in /readyz: it may be granted any time.
        var faults = (facts with { MayCreate = true }).FindUnusable(InboxOptions.Section, options.Schema).ToList();
        if (!options.Unsafe)
        {
            faults.AddRange(hazards.Select(static hazard =>
                $"PostgreSQL's {hazard.Name} is {hazard.Value}; allowed: {hazard.Allowed}. A crash of the server may lose totals that the outbox was told are kept. "
                + "(Inbox:Unsafe=true starts all the same.)"));
        }

        return faults.Count == 0
            ? [.. hazards.Select(static hazard => hazard.ToString())]
            : throw new OptionsValidationException(InboxOptions.Section, typeof(InboxOptions), faults);
    }

    private static ServerFacts Read(NpgsqlConnection connection, InboxOptions options)
    {
        using var command = new NpgsqlCommand(ServerFacts.Query, connection) { Parameters = { new() { Value = options.SchemaName } } };
        using var row = command.ExecuteReader();
        row.Read();
        return ServerFacts.Read(row);
    }
}
