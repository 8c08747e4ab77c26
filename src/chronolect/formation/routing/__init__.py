"""Routing: one dictionary for several layers, and whether choosing among them means anything."""

from chronolect.formation.routing.config import RouteConfig, middle_layers
from chronolect.formation.routing.files import load_route, save_route
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.routing.report import combine_reports, router_report, router_table
from chronolect.formation.routing.splicing import routed_splice_measures
from chronolect.formation.routing.trainer import RouteTrainer

__all__ = [
    "RouteConfig",
    "RouteSae",
    "RouteTrainer",
    "combine_reports",
    "load_route",
    "middle_layers",
    "routed_splice_measures",
    "router_report",
    "router_table",
    "save_route",
]
