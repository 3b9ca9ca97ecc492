using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Outbox.Schema;

/// <summary>Asks the server whether it keeps what the outbox promises, before anything is stored there.</summary>
internal sealed class ServerChecks(NpgsqlDataSource dataSource, OutboxOptions options, SegmentStore segments)
{
    /// <summary>Refuses a server that the outbox can't work with, or that may lose what it has confirmed.</summary>
    /// <returns>What is unsafe and was allowed by <see cref="OutboxOptions.Unsafe"/>; mostly nothing.</returns>
    /// <exception cref="OptionsValidationException">Each setting that is wrong, with its value and what is allowed.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var facts = await ReadAsync(cancellationToken);
        var hazards = facts.FindUnsafe().ToList();
        var faults = facts.FindUnusable(OutboxOptions.Section, options.Schema).ToList();
        if (!options.Unsafe)
        {
            faults.AddRange(hazards.Select(hazard =>
                $"PostgreSQL's {hazard.Name} is {hazard.Value}; allowed: {hazard.Allowed}. A crash of the server may lose results that were answered, or damage its files. "
                + "(Outbox:Unsafe=true starts all the same.)"));
        }

        return faults.Count == 0
            ? [.. hazards.Select(hazard => hazard.ToString())]
            : throw new OptionsValidationException(OutboxOptions.Section, typeof(OutboxOptions), faults);
    }

    private async Task<ServerFacts> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(ServerFacts.Query);
        command.Parameters.Add(new() { Value = segments.Schema });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return ServerFacts.Read(reader);
    }
}
