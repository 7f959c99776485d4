# What the suite does past the gateway, at SUITE_ENGINE_PORT. A service refuses its clients what administers the engine
# (SUITE_OPERATOR_COMMANDS): its operator does it, at the engine itself. Sourced after the suite's own client.
set ::operator {}
set ::operator_id 0

rename ::valkey::__dispatch__ ::valkey::dispatch_to_server

proc ::valkey::__dispatch__ {id method args} {
    set is_for_operator [expr {[string tolower $method] in $::env(SUITE_OPERATOR_COMMANDS)}]
    if {$is_for_operator && $id != $::operator_id && !$::valkey::deferred($id)} {
        set status [catch {[operator] $method {*}$args} reply]
    } else {
        set status [catch {::valkey::dispatch_to_server $id $method {*}$args} reply]
    }
    return -code $status $reply
}

proc operator {} {
    if {$::operator eq {}} {
        set client [valkey 127.0.0.1 $::env(SUITE_ENGINE_PORT)]
        set ::operator_id $::valkey::id
        set ::operator $client
        $client select 9
    }
    return $::operator
}
