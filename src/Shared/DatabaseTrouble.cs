using System.Net.Sockets;
using Npgsql;

namespace Tally.Faults;

/// <summary>Tells trouble with the database from faults of the program.</summary>
internal static class DatabaseTrouble
{
    /// <summary>
    /// Whether the database said no or went away, so that trying again may help. A name that can't be resolved comes as a bare
    /// <see cref="SocketException"/>, everything else within an <see cref="NpgsqlException"/> or as what its stream threw.
    /// </summary>
    /// <param name="fault">What was thrown.</param>
    public static bool Is(Exception fault) => fault is NpgsqlException or TimeoutException or IOException or SocketException;

    /// <summary>Whether it is away, or says itself that it will pass: what it refuses will be refused the next time, too.</summary>
    /// <param name="fault">What was thrown.</param>
    public static bool IsAway(Exception fault) => Is(fault) && fault is not PostgresException { IsTransient: false };
}
