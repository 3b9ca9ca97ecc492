using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>
/// Whether the server keeps what it has confirmed. What is folded is confirmed to the outbox, which then drops it: a fold that is lost after that can't come again.
/// </summary>
internal static class ServerCheck
{
    /// <summary>Looks at the server's settings.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="options">Whether it may be unsafe.</param>
    /// <returns>What is unsafe and was allowed; mostly nothing.</returns>
    /// <exception cref="OptionsValidationException">Each setting that is unsafe, with its value and what is allowed.</exception>
    public static IReadOnlyList<string> Run(NpgsqlConnection connection, InboxOptions options)
    {
        using var command = new NpgsqlCommand(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')", connection);
        using var reader = command.ExecuteReader();
        reader.Read();
        var hazards = UnsafeSetting.Among(reader.GetString(0), reader.GetString(1), reader.GetString(2)).ToList();
        return options.Unsafe || hazards.Count == 0
            ? [.. hazards.Select(static hazard => hazard.ToString())]
            : throw new OptionsValidationException(
                InboxOptions.Section,
                typeof(InboxOptions),
                hazards.Select(static hazard =>
                    $"PostgreSQL's {hazard.Name} is {hazard.Value}; allowed: {hazard.Allowed}. A crash of the server may lose totals that the outbox was told are kept. "
                    + "(Inbox:Unsafe=true starts all the same.)"));
    }
}
